import { EventEmitter } from 'node:events';
import { ClientClosedError, ClientOfflineError, ErrorReply, type RedisClientType } from 'redis';
import { pause } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import { RECONNECT_MIN_MS } from './context.ts';
import { redact } from './redact.ts';

/** What a front asks of its loan. */
export interface FrontParts {
  /** The client that has the socket now. */
  raw(): RedisClientType;
  connect(): Promise<void>;
  end(how: 'quit' | 'close'): Promise<void>;
  destroy(): void;
  duplicate(overrides: Readonly<Record<string, unknown>>, commandOptions: unknown): RedisClientType;
  /** Whether it was not returned yet. */
  isOut(): boolean;
}

const SUBSCRIBE = ['subscribe', 'SUBSCRIBE', 'pSubscribe', 'PSUBSCRIBE', 'sSubscribe', 'SSUBSCRIBE'];
/** What a subscription fails with that was not lost with a connection. */
const FINAL = [ErrorReply, ClientClosedError, ClientOfflineError, TypeError];
/** More methods whose promise libraries do not look at: what fails then must not end the process. */
const UNWATCHED = [
  ...['publish', 'PUBLISH', 'sPublish', 'SPUBLISH', 'unsubscribe', 'UNSUBSCRIBE'],
  ...['pUnsubscribe', 'PUNSUBSCRIBE', 'sUnsubscribe', 'SUNSUBSCRIBE'],
];

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Methods = Record<string, Method>;

/**
 * The object that a library holds of a node-redis loan. All methods of the driver go through `_self`, as they do for the
 * driver's own `withTypeMapping()`; here it is whichever client the loan has now. Events are the front's own.
 */
export function makeFront(first: RedisClientType, parts: FrontParts): RedisClientType {
  const front = Object.create(first) as RedisClientType;
  // Gives it listeners of its own instead of those of the client under it.
  Reflect.apply(EventEmitter as unknown as Method, front, []);
  Object.defineProperty(front, '_self', { get: () => parts.raw() });
  Object.assign(
    front,
    lifecycle(front, parts),
    views(front),
    unwatched(first, () => parts.isOut()),
    nameless(first),
  );
  // The guard below protects the process; this one keeps libraries from warning that there is no listener.
  front.on('error', () => undefined);
  Object.assign(front, {
    emit(event: string | symbol, ...args: unknown[]): boolean {
      // removeAllListeners() has been called: an error would end the process.
      if (event === 'error' && front.listenerCount('error') === 0) return false;
      return Reflect.apply(EventEmitter.prototype.emit, front, [event, ...args]);
    },
  });
  return front;
}

function lifecycle(front: RedisClientType, parts: FrontParts): Methods {
  const quit = async (): Promise<string> => {
    await parts.end('quit');
    return 'OK';
  };
  return {
    connect: async () => {
      await parts.connect();
      return front;
    },
    quit,
    QUIT: quit,
    close: () => parts.end('close'),
    destroy: () => parts.destroy(),
    disconnect: async () => parts.destroy(),
    duplicate(overrides) {
      const { _commandOptions } = this as { readonly _commandOptions: unknown };
      return parts.duplicate((overrides ?? {}) as Record<string, unknown>, _commandOptions);
    },
    createPool: () => {
      throw new RedisManagerError('A pool would open connections that nobody counts: use duplicate()', {
        code: 'invalid-options',
        retryable: false,
        applied: 'no',
      });
    },
  };
}

/** Views with other command options, over the front instead of the client of the moment. */
function views(front: RedisClientType): Methods {
  const view = (of: unknown, options: object): unknown => {
    const { _commandOptions } = of as { readonly _commandOptions: object };
    return Object.assign(Object.create(front), { _commandOptions: { ..._commandOptions, ...options } });
  };
  return {
    withCommandOptions(options) {
      return view(this, options as object);
    },
    _commandOptionsProxy(option, value) {
      return view(this, { [String(option)]: value });
    },
  };
}

/**
 * Methods of a client whose failures are handled here, for libraries that do not. A subscription that is lost with the
 * connection, before Redis has confirmed it, is asked for again: the driver forgets it.
 */
export function unwatched(client: object, isOut: () => boolean): Methods {
  const methods = client as Methods;
  const once = (method: Method): Method =>
    function (...args) {
      const reply = Reflect.apply(method, this, args) as Promise<unknown>;
      reply.catch(() => undefined);
      return reply;
    };
  const again = (method: Method): Method =>
    async function (...args) {
      for (;;) {
        try {
          return await Reflect.apply(method, this, args);
        } catch (error) {
          if (FINAL.some((kind) => error instanceof kind) || !isOut()) throw error;
          await pause(RECONNECT_MIN_MS);
        }
      }
    };
  const guarded = (names: readonly string[], guard: (method: Method) => Method): [string, Method][] =>
    names.map((name) => [name, guard(methods[name] as Method)]);
  return Object.fromEntries([
    ...guarded(UNWATCHED, once),
    ...guarded(SUBSCRIBE, (method) => once(again(method))),
  ]);
}

/** Has what a method rejects with redacted before the library sees it. */
export function redacting(client: object, method: string): void {
  const methods = client as Methods;
  const { [method]: send } = methods;
  methods[method] = function (...args) {
    const reply = Reflect.apply(send as Method, this, args) as Promise<unknown>;
    reply.catch(redact);
    return reply;
  };
}

/** The library's wish to name the connection is granted in word only. */
function nameless(first: RedisClientType): Methods {
  const methods = first as unknown as Methods;
  const granted = async (): Promise<string> => 'OK';
  return {
    clientSetName: granted,
    CLIENT_SETNAME: granted,
    sendCommand(args, ...rest) {
      const [command, subcommand] = args as readonly unknown[];
      if (/^client$/i.test(String(command)) && /^setname$/i.test(String(subcommand))) return granted();
      return Reflect.apply(methods.sendCommand as Method, this, [args, ...rest]);
    },
  };
}
