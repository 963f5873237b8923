import type * as IORedis from 'ioredis';
import { RedisManagerError } from '../errors.ts';
import { DEFAULT_CONNECT_TIMEOUT_MS } from './context.ts';
import { connectorClass, RECONNECT_MAX_MS } from './ioredis-connector.ts';
import { IORedisLoan, type IORedisParts } from './ioredis-loan.ts';
import { takeName, withoutManaged } from './options.ts';

type Options = Record<string, unknown>;
type Callback = (error?: Error | null, result?: 'OK') => void;

/** Commands whose promise libraries do not look at: what fails then must not end the process. */
const UNWATCHED: ReadonlySet<string> = new Set([
  ...['publish', 'spublish', 'subscribe', 'psubscribe', 'ssubscribe'],
  ...['unsubscribe', 'punsubscribe', 'sunsubscribe'],
]);
/** How long ioredis waits between two looks at a server that is loading its data, at most. */
const LOADING_RETRY_MS = 500;

/** Loads the optional driver. Rejects `driver-missing`. */
export async function loadIORedis(): Promise<typeof IORedis> {
  try {
    return await import('ioredis');
  } catch (cause) {
    throw new RedisManagerError(
      "An ioredis loan needs the package 'ioredis', version 6: npm install ioredis",
      {
        code: 'driver-missing',
        retryable: false,
        applied: 'no',
        cause,
      },
    );
  }
}

/**
 * Makes the class of one loan's clients. Whoever makes one of them, by `duplicate()`, `monitor()` or
 * `new client.constructor()`, gets a connection that is counted under the same owner.
 */
export function lentClass(
  ioredis: typeof IORedis,
  parts: IORedisParts,
): new (
  given: Options,
) => IORedis.Redis {
  const { terms } = parts.loan;
  let made = 0;

  return class LentRedis extends ioredis.Redis {
    readonly #loan: IORedisLoan;

    constructor({ lazyConnect = false, ...given }: Options = {}) {
      parts.ledger.requireRoom();
      const connection: { loan?: IORedisLoan } = {};
      super(clientOptions(ioredis, parts, given, connection));
      this.#loan = new IORedisLoan(this, parts, made++ > 0);
      connection.loan = this.#loan;
      this.options.lazyConnect = lazyConnect === true;
      if (lazyConnect !== true) this.connect().catch(() => undefined);
    }

    override connect(callback?: (error?: Error | null) => void): Promise<void> {
      try {
        this.#loan.open();
      } catch (error) {
        if (callback !== undefined) callback(error as Error);
        return Promise.reject(error);
      }
      return super.connect(callback);
    }

    override disconnect(reconnect = false): void {
      // ioredis would stop its timer and leave the client, and what waits for it, in this state for good.
      if (!reconnect && this.status === 'reconnecting') this.status = 'wait';
      super.disconnect(reconnect);
    }

    /** Waits for what is in flight, but not without end for a Redis that is away. */
    override quit(callback?: Callback): Promise<'OK'> {
      const late = setTimeout(() => this.disconnect(), terms.closeTimeoutMs);
      const done = super
        .quit()
        .catch(() => undefined)
        .then(() => {
          clearTimeout(late);
          callback?.(null, 'OK');
          return 'OK' as const;
        });
      return done;
    }

    override duplicate(overrides: IORedis.RedisOptions = {}): IORedis.Redis {
      const own = withoutManaged('ioredis', overrides as Options, this.options as Options);
      const { connectionName, ...present } = this.options as Options;
      return new LentRedis({ ...present, ...own });
    }

    override removeAllListeners(event?: string | symbol): this {
      if (event === undefined) super.removeAllListeners();
      else super.removeAllListeners(event);
      this.#loan.listen();
      return this;
    }

    override sendCommand(
      command: IORedis.Command,
      stream?: Parameters<IORedis.Redis['sendCommand']>[1],
    ): unknown {
      if (!terms.libraryNames && isForeignName(command, this.options.connectionName)) {
        // Granted in word only.
        command.resolve(Buffer.from('OK'));
        return command.promise;
      }
      const reply = super.sendCommand(command, stream);
      if (UNWATCHED.has(command.name.toLowerCase())) Promise.resolve(reply).catch(() => undefined);
      return reply;
    }
  } as unknown as new (
    given: Options,
  ) => IORedis.Redis;
}

function clientOptions(
  ioredis: typeof IORedis,
  { loan, context }: IORedisParts,
  given: Options,
  connection: { readonly loan?: IORedisLoan },
): IORedis.RedisOptions & { replyMapping?: 'legacy' } {
  const { terms } = loan;
  // What is the manager's was refused before, where it was not the loan's own.
  const own = withoutManaged('ioredis', given, given);
  const name = takeName('ioredis', own);
  return {
    maxRetriesPerRequest: null,
    maxLoadingRetryTime: LOADING_RETRY_MS,
    connectTimeout: context.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    disconnectTimeout: RECONNECT_MAX_MS,
    ...own,
    // The constructor of ioredis would connect before ours has run.
    lazyConnect: true,
    connectionName: terms.libraryNames && name !== undefined ? name : `${context.app}:loan:${terms.owner}`,
    retryStrategy: (times) => connection.loan?.retry(times) ?? null,
    reconnectOnError: (error) => (connection.loan?.isDemotion(error) ? 2 : false),
    Connector: connectorClass(ioredis, {
      context,
      signal: () => connection.loan?.signal ?? AbortSignal.abort(),
      located: (endpoint) => connection.loan?.located(endpoint),
      connected: (socket) => connection.loan?.connected(socket),
    }),
  } as IORedis.RedisOptions & { replyMapping?: 'legacy' };
}

function isForeignName({ name, args }: IORedis.Command, own: string | undefined): boolean {
  return /^client$/i.test(name) && /^setname$/i.test(String(args[0])) && String(args[1]) !== own;
}
