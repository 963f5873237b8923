import { performance } from 'node:perf_hooks';
import type { RedisManagerError } from '../errors.ts';

/** While a server cannot serve anybody, one call in this time finds out whether it can again. */
const TRY_EVERY_MS = 25;

/**
 * Whether a server has said that it can serve nobody now: it loads its data, or its Cluster is down. Calls then wait here, instead
 * of each asking again for itself: that would be a load, and would use up the budget of retries.
 */
export class Hold {
  #reason: RedisManagerError | undefined;
  #nextAt = 0;

  /** What it said; undefined: it serves. */
  get reason(): RedisManagerError | undefined {
    return this.#reason;
  }

  begin(reason: RedisManagerError): void {
    if (this.#reason === undefined) this.#nextAt = performance.now() + TRY_EVERY_MS;
    this.#reason = reason;
  }

  end(): void {
    this.#reason = undefined;
  }

  /** True if a call may be sent: there is no hold, or it is the next to find out. */
  passes(): boolean {
    if (this.#reason === undefined) return true;
    const now = performance.now();
    if (now < this.#nextAt) return false;
    this.#nextAt = now + TRY_EVERY_MS;
    return true;
  }
}

/** Whether an error speaks for all calls of its server. TRYAGAIN speaks of the keys of one. */
export function holdsAll({ code, message }: RedisManagerError): boolean {
  return code === 'loading' || (code === 'clusterdown' && !message.startsWith('TRYAGAIN'));
}
