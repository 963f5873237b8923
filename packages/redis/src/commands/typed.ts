import { type CommandParser, createClient, type RedisClient, type RedisClientType } from 'redis';
import type { RedisArgument } from '../connection/call.ts';

/**
 * Every Redis command as a typed method, as node-redis names them: `get`, `hSet`, `zRange`, `json.get`, … Without what
 * its client has beside commands: connecting, events, subscriptions, transactions.
 */
export type Commands = Omit<RedisClientType, keyof DriverMembers>;

type DriverMembers = InstanceType<typeof RedisClient>;

/** Sends a command's arguments. */
export type SendArguments = (args: readonly RedisArgument[]) => Promise<unknown>;

type Transform = (reply: unknown, preserve: unknown, typeMapping: unknown) => unknown;

/**
 * node-redis' own command methods, sent over `send`. Each of them writes its arguments with a parser and hands them to
 * `this._self._executeCommand`, which here is ours: so types, arguments and replies are the driver's, and deadlines, queue and errors the manager's.
 */
export function typedCommands(send: SendArguments): Commands {
  const commands = Object.create(driverMembers()) as Record<string, unknown>;
  commands._self = commands;
  // Not async: each promise more would cost a twentieth of a call.
  commands._executeCommand = (
    _command: unknown,
    parser: CommandParser,
    _options: unknown,
    transform: Transform | undefined,
  ): Promise<unknown> => {
    const reply = send(parser.redisArgs);
    return transform === undefined
      ? reply
      : reply.then((value) => transform(value, parser.preserve, undefined));
  };
  return commands as unknown as Commands;
}

interface Members {
  readonly Multi: new (...args: unknown[]) => object;
}

let members: Members | undefined;

/** What the driver's factory put on its class, and nothing that it inherits: the commands, without connecting and events. */
export function driverMembers(): Members {
  if (members === undefined) {
    const driver = Object.getPrototypeOf(Object.getPrototypeOf(createClient())) as object;
    members = Object.create(null, Object.getOwnPropertyDescriptors(driver)) as Members;
  }
  return members;
}
