import { DEFAULT_BACKOFF, fullJitter } from '../client/index.ts';

/** Resets closer to each other than this are followed ever more slowly: a server may contradict itself. */
const CALM_MS = 30_000;

/** How long to wait before a thread is loaded again after a reset. */
export class ResetPace {
  /** In a row. */
  #resets = 0;
  #last = Number.NEGATIVE_INFINITY;

  /** Milliseconds; `at` is the time of the reset. */
  waitMs(at: number): number {
    this.#resets = at - this.#last < CALM_MS ? this.#resets + 1 : 0;
    this.#last = at;
    return this.#resets === 0 ? 0 : fullJitter(this.#resets, DEFAULT_BACKOFF);
  }
}
