import type { Redis } from 'ioredis';
import type { RedisClientType } from 'redis';
import { fullJitter, pause } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import type { Credentials, Endpoint } from '../topology/index.ts';
import { type LoanContext, RECONNECT_MAX_MS, RECONNECT_MIN_MS } from './context.ts';
import { Ledger, type LoanInfo } from './ledger.ts';
import { NodeRedisLoan } from './node-redis.ts';
import { NodeRedisClusterLoan } from './node-redis-cluster.ts';
import {
  type IORedisLendOptions,
  type LendOptions,
  type LoanDriver,
  type NodeRedisLendOptions,
  resolveTerms,
} from './options.ts';
import { requireFit } from './purpose.ts';

/** Clients for libraries that need one of their own: real ones, counted, named, and never the manager's. */
export class Loans {
  readonly #context: LoanContext;
  readonly #ledger: Ledger;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(context: LoanContext) {
    this.#context = context;
    this.#ledger = new Ledger(context.maxLoans);
  }

  /** Clients that are out. */
  get size(): number {
    return this.#ledger.size;
  }

  /** How many may be out, and how often one more was refused. */
  get budget(): { readonly max: number; readonly refused: number } {
    return { max: this.#ledger.max, refused: this.#ledger.refused };
  }

  /** What is lent, one entry a loan. */
  list(): readonly LoanInfo[] {
    return this.#ledger.list();
  }

  /**
   * Lends a client with connections of its own, which are being made when this resolves: commands wait for them. Closing it
   * in any of its driver's ways returns the loan. On a Cluster it is the driver's Cluster client, which has the same commands.
   *
   * Rejects `loan-budget`, `invalid-options`, `driver-missing`, `closed`, and `not-ready` if there is no address within `timeoutMs`.
   */
  lend(driver: 'node-redis', options: NodeRedisLendOptions): Promise<RedisClientType>;
  lend(driver: 'ioredis', options: IORedisLendOptions): Promise<Redis>;
  async lend(driver: LoanDriver, options: LendOptions): Promise<RedisClientType | Redis> {
    if (driver !== 'node-redis' && driver !== 'ioredis')
      throw refused(`There is no driver ${String(driver)}: node-redis or ioredis`, 'invalid-options');
    const { terms, rest } = resolveTerms(driver, options);
    requireFit(driver, terms);
    this.#ledger.requireRoom();
    const endpoint = await this.#inTime(terms.timeoutMs, (signal, failed) => this.#locate(signal, failed));
    const { cluster } = this.#context;
    const parts = {
      loan: { driver, terms, since: new Date() },
      ...{ ledger: this.#ledger, context: this.#context, endpoint, options: rest, duplicate: false },
    };
    if (driver === 'ioredis') return (await importIORedis()).lendIORedis(parts);
    if (cluster !== undefined) return this.#connected(new NodeRedisClusterLoan(parts, cluster));
    const { client } = new NodeRedisLoan(parts);
    client.connect().catch(() => undefined);
    return client;
  }

  /** Makes all live connections known under new credentials, without ending any. Rejects `noauth`. */
  async authenticate(credentials: Credentials): Promise<void> {
    const tries = this.#ledger.connections.map((connection) => connection.authenticate(credentials));
    // A connection that was lost meanwhile is made anew with the credentials of then.
    for (const { reason } of (await Promise.allSettled(tries)).filter((one) => one.status === 'rejected'))
      if (/^(WRONGPASS|NOAUTH|NOPERM|ERR)\b/.test(String((reason as Error).message)))
        throw refused('The credentials were refused on a lent connection', 'noauth', reason);
  }

  /** Redis may be elsewhere by now, e.g. after a failover: clients that are at the wrong place move. */
  relocate(): void {
    // A place that cannot be had now is asked for again before the next attempt to connect.
    for (const connection of this.#ledger.connections) connection.relocate().catch(() => undefined);
  }

  /** Ends all loans, each within a second or so, and lends none any more. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#ledger.close();
    this.#closing.abort();
    await Promise.all(this.#ledger.connections.map((connection) => connection.end()));
  }

  /** The driver's Cluster client refuses commands before it is connected, instead of letting them wait. */
  async #connected(lent: NodeRedisClusterLoan): Promise<RedisClientType> {
    try {
      await this.#inTime(lent.loan.terms.timeoutMs, (_signal, failed) => {
        lent.client.on('error', failed);
        return lent.client.connect();
      });
      return lent.client;
    } catch (error) {
      await lent.end();
      throw error;
    }
  }

  /** Asks until it is told, or told that it is of no use. */
  async #locate(signal: AbortSignal, failed: (error: unknown) => void): Promise<Endpoint> {
    const { cluster } = this.#context;
    const [seed] = cluster?.seeds ?? [];
    for (let attempt = 0; ; attempt++) {
      try {
        if (cluster === undefined || seed === undefined) return await this.#context.locate(signal);
        return await cluster.endpointAt(seed, signal);
      } catch (error) {
        if (signal.aborted || (error instanceof RedisManagerError && !error.retryable)) throw error;
        failed(error);
        await pause(fullJitter(attempt, RECONNECT_MIN_MS, RECONNECT_MAX_MS), signal);
      }
    }
  }

  /** Rejects `not-ready` after the limit, with what failed last, and `closed`. */
  async #inTime<T>(
    limitMs: number,
    work: (signal: AbortSignal, failed: (error: unknown) => void) => Promise<T>,
  ): Promise<T> {
    const done = new AbortController();
    const signal = AbortSignal.any([done.signal, this.#closing.signal]);
    const last: { error?: unknown } = {};
    const late = pause(limitMs, signal).then(() => {
      if (this.#ledger.closed) throw refused('The Redis manager is closed', 'closed');
      throw refused(`Redis could not be lent within ${limitMs} ms`, 'not-ready', last.error);
    });
    const remember = (error: unknown): void => {
      last.error = error;
    };
    try {
      return await Promise.race([work(signal, remember), late]);
    } finally {
      // What was still being waited for is nobody's business any more.
      late.catch(() => undefined);
      done.abort();
    }
  }
}

/** Loads the optional driver. Rejects `driver-missing`. */
async function importIORedis(): Promise<typeof import('./ioredis.ts')> {
  try {
    return await import('./ioredis.ts');
  } catch (cause) {
    const message = "An ioredis loan needs the package 'ioredis', version 6: npm install ioredis";
    throw refused(message, 'driver-missing', cause);
  }
}

function refused(
  message: string,
  code: 'invalid-options' | 'closed' | 'not-ready' | 'driver-missing' | 'noauth',
  cause?: unknown,
): RedisManagerError {
  return new RedisManagerError(message, { code, retryable: code === 'not-ready', applied: 'no', cause });
}
