import type { Socket } from 'node:net';
import type * as IORedis from 'ioredis';
import { fullJitter } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import type { Credentials, Endpoint } from '../topology/index.ts';
import { DEFAULT_CONNECT_TIMEOUT_MS, type LoanContext } from './context.ts';
import { connectorClass, RECONNECT_MAX_MS, RECONNECT_MIN_MS } from './ioredis-connector.ts';
import type { Ledger, Loan, LoanConnection } from './ledger.ts';
import { takeName, withoutManaged } from './options.ts';
import { Watch } from './watch.ts';

type Redis = IORedis.Redis;
type Options = Record<string, unknown>;

/** All that an ioredis loan is made of. */
export interface IORedisParts {
  readonly loan: Loan;
  readonly ledger: Ledger;
  readonly context: LoanContext;
}

/** Commands whose promise libraries do not look at: what fails then must not end the process. */
const UNWATCHED = new Set(['publish', 'spublish', 'subscribe', 'psubscribe', 'ssubscribe']);
for (const name of [...UNWATCHED].slice(2)) UNWATCHED.add(name.replace('sub', 'unsub'));
/** How long ioredis waits between two looks at a server that is loading its data, at most. */
const LOADING_RETRY_MS = 500;

/** Loads the optional driver. Rejects `driver-missing`. */
export async function loadIORedis(): Promise<typeof IORedis> {
  try {
    return await import('ioredis');
  } catch (cause) {
    throw new RedisManagerError("An ioredis loan needs the package 'ioredis' (version 6): npm install ioredis", {
      code: 'driver-missing',
      retryable: false,
      applied: 'no',
      cause,
    });
  }
}

/** Options of each connection of a loan; the library's come in between. */
function clientOptions(context: LoanContext, given: Options): Options {
  return {
    maxRetriesPerRequest: null,
    maxLoadingRetryTime: LOADING_RETRY_MS,
    connectTimeout: context.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    disconnectTimeout: RECONNECT_MAX_MS,
    ...given,
    // The constructor of ioredis would connect before ours has run.
    lazyConnect: true,
  };
}

/**
 * Makes the class of one loan's clients. Whoever makes one of them, by `duplicate()`, `monitor()` or `new client.constructor()`,
 * gets a connection that is counted under the same owner.
 */
export function lentClass(
  ioredis: typeof IORedis,
  { loan, ledger, context }: IORedisParts,
): new (
  given: Options,
) => Redis {
  const { terms } = loan;
  const ours = `${context.app}:loan:${terms.owner}`;
  let first = true;

  return class LentRedis extends ioredis.Redis {
    readonly #watch: Watch;
    readonly #connection: LoanConnection;
    readonly #name: string;
    #node = '';
    #master = false;
    #life = new AbortController();

    constructor(given: Options = {}) {
      ledger.requireRoom();
      const { lazyConnect = false, ...rest } = given;
      const own = first ? rest : withoutManaged('ioredis', rest, rest);
      const name = takeName('ioredis', own);
      let self: LentRedis | undefined;
      const connectionName = terms.libraryNames && name !== undefined ? name : ours;
      super({
        ...clientOptions(context, own),
        connectionName,
        retryStrategy: (times: number) => self?.#retry(times),
        reconnectOnError: (error: Error) => (self?.#isDemotion(error) ? 2 : false),
        Connector: connectorClass(ioredis, {
          context,
          signal: () => self?.#life.signal ?? AbortSignal.abort(),
          located: (endpoint) => self?.#located(endpoint),
          connected: (socket) => self?.#connected(socket),
        }),
      } as IORedis.RedisOptions);
      self = this;
      this.#name = connectionName;
      void first;
      this.#watch = new Watch({} as never);
      this.#connection = {} as never;
      void lazyConnect;
      first = false;
    }
  } as never;
}
