import { performance } from 'node:perf_hooks';
import { fullJitter } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';

/** What a lease asks of Redis. */
export interface LeaseCalls {
  /** False: the lease is another's or over. */
  readonly renew: (deadlineMs: number) => Promise<boolean>;
  readonly release: (deadlineMs: number) => Promise<boolean>;
}

export interface LeaseOptions extends LeaseCalls {
  readonly name: string;
  readonly fence: number;
  readonly ttlMs: number;
  /** When the lease was asked for, by the monotonic clock: Redis counts from later, so this process gives up first. */
  readonly askedAt: number;
}

/** Clocks of two machines do not run equally fast; so much of the lease is left unused. */
const DRIFT = 0.01;

/**
 * A lock that is held. Renewed at a third of its length until it is released; when that fails for its whole length, or the
 * process was paused past it, the lease is lost: `signal` aborts, with a `lock-lost` error as its reason.
 */
export class Lease {
  readonly name: string;
  /** Higher than that of every earlier holder. Send it with each write that the lock protects. */
  readonly fence: number;
  readonly #options: LeaseOptions;
  readonly #lost = new AbortController();
  #ended = false;
  #renewedAt: number;
  #renewAt: number;
  #renewing = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #released: Promise<boolean> | undefined;

  constructor(options: LeaseOptions) {
    this.name = options.name;
    this.fence = options.fence;
    this.#options = options;
    this.#renewedAt = options.askedAt;
    this.#renewAt = options.askedAt + options.ttlMs / 3;
    this.#schedule();
  }

  /** Aborts when the lease is lost; not when it is released. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether it is still held, by a look at the clock: right also in the first moment after a pause, before timers ran. */
  get held(): boolean {
    if (!this.#ended && this.#leftMs <= 0) this.#lose('was not renewed in time');
    return !this.#ended;
  }

  /**
   * Gives the lock back. False if it was lost before. Rejects if Redis does not take it; the lease then runs out by itself.
   */
  release(): Promise<boolean> {
    this.#released ??= this.#release();
    return this.#released;
  }

  get #leftMs(): number {
    return this.#renewedAt + this.#options.ttlMs * (1 - DRIFT) - performance.now();
  }

  async #release(): Promise<boolean> {
    if (!this.held) return false;
    this.#end();
    return this.#options.release(Math.max(1, this.#leftMs));
  }

  /** For the next renewal or the end of the lease. The manager's connections keep the process alive, not this. */
  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#ended) return;
    const untilRenewal = this.#renewing ? Number.POSITIVE_INFINITY : this.#renewAt - performance.now();
    const dueMs = Math.max(0, Math.min(this.#leftMs, untilRenewal));
    this.#timer = setTimeout(() => void this.#tick(), dueMs).unref();
  }

  async #tick(): Promise<void> {
    if (this.held && !this.#renewing && performance.now() >= this.#renewAt) {
      this.#renewing = true;
      this.#schedule();
      await this.#renew();
      this.#renewing = false;
    }
    this.#schedule();
  }

  async #renew(): Promise<void> {
    const { ttlMs, renew } = this.#options;
    const askedAt = performance.now();
    try {
      if (await renew(Math.max(1, Math.min(ttlMs / 3, this.#leftMs)))) {
        this.#failures = 0;
        this.#renewedAt = askedAt;
        this.#renewAt = askedAt + ttlMs / 3;
      } else this.#lose('is over in Redis, or another’s by now');
    } catch (error) {
      // Redis may be back before the lease is over; a fault of ours is not mended by asking again.
      if (!(error instanceof RedisManagerError)) this.#lose('cannot be renewed', error);
      this.#renewAt = performance.now() + fullJitter(++this.#failures, ttlMs / 60, ttlMs / 6);
    }
  }

  #lose(why: string, cause?: unknown): void {
    if (this.#ended) return;
    this.#end();
    this.#lost.abort(lostError(`The lease of the lock ${why}`, cause));
  }

  #end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }
}

/** Says that the exclusiveness of the work is not certain. */
export function lostError(message: string, cause?: unknown): RedisManagerError {
  return new RedisManagerError(message, { code: 'lock-lost', retryable: true, applied: 'unknown', cause });
}
