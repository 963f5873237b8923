import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { RedisManagerError } from '../errors.ts';
import type { RedisManager } from '../manager.ts';
import { Lease } from './lease.ts';
import { ACQUIRE, RELEASE, RENEW } from './scripts.ts';

/** What a claim is for. */
export interface ClaimOptions {
  readonly name: string;
  readonly leaseKey: string;
  readonly fenceKey: string;
  /** Where a release is told. */
  readonly channel: string;
  readonly ttlMs: number;
  /** How long the fence is remembered. */
  readonly keepMs: number;
}

/** Why an attempt failed, and when the present lease ends if nobody renews it. */
export interface Refusal {
  readonly error: RedisManagerError;
  readonly freeInMs: number;
}

const ATTEMPT_MS = 2000;

/** One caller's claim on a lock. It asks as the same owner each time, so asking again is safe whatever became of the last attempt. */
export class Claim {
  readonly #manager: RedisManager;
  readonly #options: ClaimOptions;
  readonly #owner = randomUUID();
  #uncertain = false;

  constructor(manager: RedisManager, options: ClaimOptions) {
    this.#manager = manager;
    this.#options = options;
  }

  /** One attempt. Rejects for what no waiting mends. */
  async take(signal: AbortSignal | undefined): Promise<Lease | Refusal> {
    const askedAt = performance.now();
    try {
      const [taken, detail] = (await this.#manager.script(ACQUIRE, this.#input(), {
        profile: 'worker',
        // At least half of the lease is left when the reply comes.
        deadlineMs: Math.min(this.#options.ttlMs / 2, ATTEMPT_MS),
        ...(signal && { signal }),
      })) as [number, string | number];
      if (taken === 1) return this.#lease(askedAt, Number(detail));
      return { error: heldError(), freeInMs: Number(detail) < 0 ? Number.POSITIVE_INFINITY : Number(detail) };
    } catch (error) {
      if (!(error instanceof RedisManagerError)) throw error;
      this.#uncertain ||= error.applied !== 'no';
      const passing = error.retryable || error.code === 'timeout' || error.code === 'connection-lost';
      if (!passing) throw error;
      return { error, freeInMs: Number.POSITIVE_INFINITY };
    }
  }

  /** An attempt whose reply was lost may have taken the lock: nobody should have to wait until it runs out. */
  async abandon(): Promise<void> {
    if (!this.#uncertain) return;
    await this.#release(this.#options.ttlMs).catch(() => undefined);
  }

  #lease(askedAt: number, fence: number): Lease {
    const { name, ttlMs } = this.#options;
    const renew = async (deadlineMs: number): Promise<boolean> =>
      (await this.#manager.script(RENEW, this.#input(), { deadlineMs, profile: 'worker' })) === 1;
    return new Lease({
      name,
      ttlMs,
      fence,
      askedAt,
      renew,
      release: (deadlineMs) => this.#release(deadlineMs),
    });
  }

  async #release(deadlineMs: number): Promise<boolean> {
    const { leaseKey, channel } = this.#options;
    const input = { keys: [leaseKey], args: [this.#owner, channel] };
    return (await this.#manager.script(RELEASE, input, { deadlineMs, profile: 'worker' })) === 1;
  }

  #input(): { readonly keys: string[]; readonly args: string[] } {
    const { leaseKey, fenceKey, ttlMs, keepMs } = this.#options;
    return { keys: [leaseKey, fenceKey], args: [this.#owner, String(ttlMs), String(keepMs)] };
  }
}

function heldError(): RedisManagerError {
  const details = { code: 'lock-held', retryable: true, applied: 'no' } as const;
  return new RedisManagerError('Somebody else holds the lock', details);
}
