import bloomModule from '@redis/bloom';
import { BasicCommandParser, type CommandParser } from '@redis/client/dist/lib/client/parser.js';
import COMMANDS from '@redis/client/dist/lib/commands/index.js';
import jsonModule from '@redis/json';
import searchModule from '@redis/search';
import timeSeriesModule from '@redis/time-series';
import type { RedisClient, RedisClientType } from 'redis';
import type { RedisArgument } from '../connection/call.ts';
import { RedisManagerError } from '../errors.ts';

/**
 * Every Redis command as a typed method, as node-redis names them: `get`, `hSet`, `zRange`, `json.get`, … Without what
 * its client has beside commands: connecting, events, subscriptions, transactions.
 */
export type Commands = Omit<RedisClientType, keyof InstanceType<typeof RedisClient>>;

/** Sends a command's arguments. */
export type SendArguments = (args: readonly RedisArgument[]) => Promise<unknown>;

type Transform = (reply: unknown, preserve: unknown, typeMapping: unknown) => unknown;

/** How node-redis describes a command: what it writes, and how its reply is read, by RESP version where that differs. */
interface Definition {
  readonly parseCommand: (parser: CommandParser, ...args: never[]) => void;
  readonly transformReply?: Transform | { readonly 3?: Transform };
}

type Definitions = Readonly<Record<string, Definition>>;

interface Sender {
  readonly _send: SendArguments;
}

/** As `createClient` of the package redis has them. */
function modules(): Readonly<Record<string, unknown>> {
  const [json, ft, ts] = [jsonModule, searchModule, timeSeriesModule].map(defaultOf);
  return { ...(defaultOf(bloomModule) as object), json, ft, ts };
}

/** Node gives a CommonJS module's exports as its default export, bundlers the one that it calls its default. */
function defaultOf(module: unknown): unknown {
  return (module as { readonly default?: unknown }).default ?? module;
}

let prototype: object | undefined;

/**
 * node-redis' own command definitions, sent over `send`: so types, arguments and replies are the driver's, and deadlines,
 * queue and errors the manager's. Its class with the same methods is not used, since making it leaves 50 MB behind.
 */
export function typedCommands(send: SendArguments): Commands {
  prototype ??= makePrototype();
  return Object.assign(Object.create(prototype), { _send: send }) as Commands;
}

function makePrototype(): object {
  const made = methodsOf(defaultOf(COMMANDS) as Definitions);
  for (const [name, definitions] of Object.entries(modules())) {
    const methods = methodsOf(definitions as Definitions);
    Object.defineProperty(made, name, {
      get(this: Sender) {
        return Object.assign(Object.create(methods), { _send: this._send });
      },
    });
  }
  return made;
}

function methodsOf(definitions: Definitions): object {
  return Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) => [name, methodOf(definition)]),
  );
}

function methodOf({ parseCommand, transformReply }: Definition): (...args: never[]) => Promise<unknown> {
  const transform = typeof transformReply === 'object' ? transformReply[3] : transformReply;
  return function (this: Sender, ...args: never[]): Promise<unknown> {
    const parser = new BasicCommandParser();
    try {
      parseCommand(parser, ...args);
    } catch (cause) {
      return Promise.reject(unfit(cause));
    }
    const reply = this._send(parser.redisArgs);
    // Not async: each promise more would cost a twentieth of a call.
    return transform === undefined
      ? reply
      : reply.then((value) => transform(value, parser.preserve, undefined));
  };
}

/** Its own error, also of arguments that the driver stumbles over: of callers without types. */
function unfit(cause: unknown): RedisManagerError {
  return new RedisManagerError('The arguments are not those of the command', {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
    cause,
  });
}
