import { performance } from 'node:perf_hooks';
import { fullJitter } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import { claimKeyspaces, KeyTemplate } from '../keyspaces/index.ts';
import type { RedisManager } from '../manager.ts';
import { numberOption } from '../number-option.ts';
import { Claim } from './claim.ts';
import { FENCED_GET, FENCED_SET } from './fenced.ts';
import { FreeNotice } from './free-notice.ts';
import { Lease, lostError } from './lease.ts';

/** Options of {@link Locks}. */
export interface LocksOptions {
  /** What its keys begin with. @default 'lock' */
  readonly prefix?: string;
  /** Length of a lease in ms, from 30 to a day. @default 10_000 */
  readonly ttlMs?: number;
  /** How long the last fence of a name is remembered after its lease, in ms: longer than Redis' clock may jump back. @default 86_400_000 */
  readonly keepFenceMs?: number;
}

/** Options of one acquisition. */
export interface AcquireOptions {
  /** Length of the lease in ms, from 30 to a day. @default that of the {@link Locks} */
  readonly ttlMs?: number;
  /** How long to wait for the lock, in ms; 0 tries once. A call that is then under way may take 2 s more, at most half of `ttlMs`. @default 10_000 */
  readonly waitMs?: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

export const DEFAULT_LOCKS = {
  prefix: 'lock',
  ttlMs: 10_000,
  keepFenceMs: 86_400_000,
  waitMs: 10_000,
} as const;

const [MIN_TTL_MS, MAX_TTL_MS] = [30, 86_400_000];
const [RETRY_MIN_MS, RETRY_MAX_MS] = [50, 1000];

/** Locks of which one process in the whole deployment holds each name, with renewed leases, a signal on loss, and fences. */
export class Locks {
  readonly #manager: RedisManager;
  readonly #ttlMs: number;
  readonly #keepFenceMs: number;
  readonly #lease: KeyTemplate;
  readonly #fence: KeyTemplate;
  readonly #free: KeyTemplate;

  /** Throws `invalid-options`, `keyspace-taken`. */
  constructor(manager: RedisManager, options: LocksOptions = {}) {
    const { prefix, ttlMs, keepFenceMs } = { ...DEFAULT_LOCKS, ...options };
    this.#manager = manager;
    this.#ttlMs = numberOption('ttlMs', ttlMs, MIN_TTL_MS, MAX_TTL_MS);
    this.#keepFenceMs = numberOption('keepFenceMs', keepFenceMs, 0);
    this.#lease = new KeyTemplate(`${prefix}:{name}`);
    this.#fence = new KeyTemplate(`${prefix}:{name}:fence`);
    // Without a slot tag: on a Cluster it is published to all nodes, so it does not matter who is subscribed where.
    this.#free = new KeyTemplate(`${prefix}:free:<name>`);
    claimKeyspaces('locks', prefix);
  }

  /**
   * Takes the lock, waiting for it. Rejects `lock-held` after `waitMs`, `aborted`, or why Redis did not answer; then the
   * lock is not held, or is given back.
   */
  async acquire(name: string, options: AcquireOptions = {}): Promise<Lease> {
    const { waitMs = DEFAULT_LOCKS.waitMs, signal } = options;
    const endsAt = performance.now() + numberOption('waitMs', waitMs, 0);
    const claim = this.#claim(name, options.ttlMs ?? this.#ttlMs);
    const notice = new FreeNotice(this.#manager, this.#free.key({ name }));
    try {
      for (let tries = 0; ; tries++) {
        const outcome = await claim.take(signal);
        if (outcome instanceof Lease) return outcome;
        const leftMs = endsAt - performance.now();
        if (leftMs <= 0) throw outcome.error;
        const jitterMs = fullJitter(tries, RETRY_MIN_MS, RETRY_MAX_MS);
        await notice.wait(Math.min(outcome.freeInMs, jitterMs, leftMs), signal);
      }
    } catch (error) {
      // Not waited for: Redis may be away, and the caller is not.
      void claim.abandon();
      throw error;
    } finally {
      notice.close();
    }
  }

  /**
   * Runs `work` while it holds the lock. Rejects as {@link acquire} does, with what `work` throws, and `lock-lost` if the lease was
   * lost before `work` ended, whatever it returned.
   */
  async withLock<T>(
    name: string,
    work: (lease: Lease) => T | Promise<T>,
    options: AcquireOptions = {},
  ): Promise<T> {
    const lease = await this.acquire(name, options);
    try {
      const result = await work(lease);
      if (!lease.held && lease.signal.aborted)
        throw lostError('The lease of the lock ended before the work did', lease.signal.reason);
      return result;
    } finally {
      // The work is done; a lock that Redis does not take back now runs out by itself.
      await lease.release().catch(() => undefined);
    }
  }

  /** Writes a value unless a higher fence was seen at `key`, a hash. Rejects `fence` if so. */
  async fencedSet(key: string, value: string, fence: number): Promise<void> {
    const args = [fenceArgument(fence), value];
    admitted(await this.#manager.script(FENCED_SET, { keys: [key], args }));
  }

  /** Reads what {@link fencedSet} wrote; from then on lower fences are refused. Rejects `fence` if a higher one was seen. */
  async fencedGet(key: string, fence: number): Promise<string | undefined> {
    const args = [fenceArgument(fence)];
    const value = admitted(await this.#manager.script(FENCED_GET, { keys: [key], args }));
    return typeof value === 'string' ? value : undefined;
  }

  #claim(name: string, ttl: number): Claim {
    const ttlMs = Math.ceil(numberOption('ttlMs', ttl, MIN_TTL_MS, MAX_TTL_MS));
    return new Claim(this.#manager, {
      name,
      leaseKey: this.#lease.key({ name }),
      fenceKey: this.#fence.key({ name }),
      channel: this.#free.key({ name }),
      ttlMs,
      keepMs: Math.ceil(ttlMs + this.#keepFenceMs),
    });
  }
}

function fenceArgument(fence: number): string {
  return String(numberOption('fence', fence, 0));
}

function admitted(reply: unknown): unknown {
  const [ok, detail] = reply as [number, unknown];
  if (ok === 1) return detail;
  const details = { code: 'fence', retryable: false, applied: 'no' } as const;
  throw new RedisManagerError(`A higher fence was seen: ${String(detail)}`, details);
}
