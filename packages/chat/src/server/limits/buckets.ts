import { performance } from 'node:perf_hooks';

export interface BucketOptions {
  readonly perSecond: number;
  /** What may come at once. */
  readonly burst: number;
  /** Keys that are remembered. @default 10000 */
  readonly maxKeys?: number;
}

const DEFAULT_MAX_KEYS = 10_000;

/**
 * A steady rate and a burst for each key, counted in this process (GCRA). Strangers choose the keys, so there is room for so
 * many: beyond it the one that was used longest ago is forgotten.
 */
export class Buckets {
  readonly #msPerUnit: number;
  readonly #burstMs: number;
  readonly #maxKeys: number;
  /** When nothing of a key is used any more; oldest use first. */
  readonly #emptyAt = new Map<string, number>();

  constructor({ perSecond, burst, maxKeys = DEFAULT_MAX_KEYS }: BucketOptions) {
    this.#msPerUnit = 1000 / perSecond;
    this.#burstMs = burst * this.#msPerUnit;
    this.#maxKeys = maxKeys;
  }

  get size(): number {
    return this.#emptyAt.size;
  }

  /** Charges `cost` units if they fit, and nothing otherwise. 0, or how long to wait, in ms. */
  take(key: string, cost = 1, now: number = performance.now()): number {
    const usedMs = Math.max(0, (this.#emptyAt.get(key) ?? 0) - now);
    // What is more than a whole burst fits an unused bucket, and is paid off after.
    const fits = usedMs === 0 || usedMs + cost * this.#msPerUnit <= this.#burstMs;
    if (!fits)
      return Math.max(1, Math.ceil(Math.min(usedMs, usedMs + cost * this.#msPerUnit - this.#burstMs)));
    this.#emptyAt.delete(key);
    this.#emptyAt.set(key, now + usedMs + cost * this.#msPerUnit);
    if (this.#emptyAt.size > this.#maxKeys) this.#forgetOldest();
    return 0;
  }

  #forgetOldest(): void {
    for (const key of this.#emptyAt.keys()) {
      this.#emptyAt.delete(key);
      return;
    }
  }
}
