import type { Redis } from 'ioredis';
import type { RedisClientType } from 'redis';
import { fullJitter, pause } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import type { Credentials, Endpoint } from '../topology/index.ts';
import type { LoanContext } from './context.ts';
import { lentClass, loadIORedis } from './ioredis.ts';
import { Ledger, type Loan, type LoanInfo } from './ledger.ts';
import { NodeRedisLoan } from './node-redis.ts';
import {
  atLeast,
  DEFAULT_LEND_OPTIONS,
  type IORedisLendOptions,
  type LendOptions,
  type LoanDriver,
  type NodeRedisLendOptions,
  resolveTerms,
} from './options.ts';

/** Options of {@link Loans}. */
export interface LoansOptions {
  /** Connections that may be lent at a time, duplicates included; at least 0. @default 16 */
  readonly maxLoans?: number;
}

export const DEFAULT_LOANS_OPTIONS = { maxLoans: 16 } as const;

/** Clients for libraries that need one of their own: real ones, counted, named, and never the manager's. */
export class Loans {
  readonly #context: LoanContext;
  readonly #ledger: Ledger;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(context: LoanContext, { maxLoans }: LoansOptions = {}) {
    this.#context = context;
    this.#ledger = new Ledger(atLeast('maxLoans', maxLoans ?? DEFAULT_LOANS_OPTIONS.maxLoans, 0));
  }

  /** Connections that are out. */
  get size(): number {
    return this.#ledger.size;
  }

  /** What is lent, one entry a loan. */
  list(): readonly LoanInfo[] {
    return this.#ledger.list();
  }

  /**
   * Lends a client with a connection of its own, which is being made when this resolves: commands wait for it. Closing it in
   * any of its driver's ways returns the loan.
   *
   * Rejects `loan-budget`, `invalid-options`, `driver-missing`, `closed`, `aborted`, and `not-ready` if there is no address yet.
   */
  lend(driver: 'node-redis', options: NodeRedisLendOptions): Promise<RedisClientType>;
  lend(driver: 'ioredis', options: IORedisLendOptions): Promise<Redis>;
  async lend(driver: LoanDriver, options: LendOptions): Promise<RedisClientType | Redis> {
    if (driver !== 'node-redis' && driver !== 'ioredis')
      throw refused(`There is no driver ${String(driver)}: node-redis or ioredis`, 'invalid-options');
    const { terms, rest } = resolveTerms(driver, options);
    this.#ledger.requireRoom();
    const loan: Loan = { driver, terms, since: new Date() };
    const parts = { loan, ledger: this.#ledger, context: this.#context };
    if (driver === 'ioredis') return new (lentClass(await loadIORedis(), parts))(rest);
    const endpoint = await this.#locate(options);
    const { client } = new NodeRedisLoan({ ...parts, endpoint, options: rest, duplicate: false });
    client.connect().catch(() => undefined);
    return client;
  }

  /** Makes all live connections known under new credentials, without ending any. Rejects with the first that is refused. */
  async authenticate(credentials: Credentials): Promise<void> {
    await Promise.all(this.#ledger.connections.map((connection) => connection.authenticate(credentials)));
  }

  /** Redis may be elsewhere by now, e.g. after a failover: connections that are at the wrong place move. */
  relocate(): void {
    for (const connection of this.#ledger.connections) connection.relocate();
  }

  /** Ends all loans, each within its `closeTimeoutMs`, and lends none any more. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#ledger.close();
    this.#closing.abort();
    await Promise.all(this.#ledger.connections.map((connection) => connection.end()));
  }

  /** The address must be known before a node-redis client can be made. An embedded server's is known when it has started. */
  async #locate({ signal: given, timeoutMs }: LendOptions): Promise<Endpoint> {
    const limitMs = atLeast('timeoutMs', timeoutMs ?? DEFAULT_LEND_OPTIONS.timeoutMs, 0);
    const done = new AbortController();
    const signals = [done.signal, this.#closing.signal, ...(given === undefined ? [] : [given])];
    const signal = AbortSignal.any(signals);
    const failure: { last?: unknown } = {};
    try {
      const endpoint = await Promise.race([this.#ask(signal, failure), pause(limitMs, signal)]);
      if (endpoint !== undefined && !this.#ledger.closed) return endpoint;
      if (this.#ledger.closed) throw refused('The Redis manager is closed', 'closed');
      if (given?.aborted)
        throw refused('Waiting for the address of Redis was aborted', 'aborted', failure.last);
      throw refused(`There is no address of Redis after ${limitMs} ms`, 'not-ready', failure.last);
    } finally {
      done.abort();
    }
  }

  /** Asks until it is told, or told that it is of no use. */
  async #ask(signal: AbortSignal, failure: { last?: unknown }): Promise<Endpoint | undefined> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        return await this.#context.locate(signal);
      } catch (error) {
        if (signal.aborted) return undefined;
        if (error instanceof RedisManagerError && !error.retryable) throw error;
        failure.last = error;
        await pause(fullJitter(attempt, 20, 500), signal);
      }
    }
    return undefined;
  }
}

function refused(
  message: string,
  code: 'invalid-options' | 'closed' | 'aborted' | 'not-ready',
  cause?: unknown,
): RedisManagerError {
  return new RedisManagerError(message, { code, retryable: code === 'not-ready', applied: 'no', cause });
}
