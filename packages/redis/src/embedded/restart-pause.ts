/** A server that lived this long was healthy: what ended it is nothing that repeats itself at each start. */
export const HEALTHY_AFTER_MS = 30_000;
const FIRST_PAUSE_MS = 100;
export const MAX_PAUSE_MS = 10_000;

/** Spaces out the restarts of a server that keeps ending: 0, 100, 200, 400 … 10,000 ms, from the beginning after 30 s of health. */
export class RestartPause {
  #ends = 0;
  #until = 0;

  /** How many times in a row it ended early. */
  get ends(): number {
    return this.#ends;
  }

  get pauseMs(): number {
    return this.#ends < 2 ? 0 : Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#ends - 2));
  }

  /** Notes an end. `livedMs`: how long it had been serving; 0 if it never did. */
  ended(livedMs: number, now: number): void {
    if (livedMs >= HEALTHY_AFTER_MS) this.#ends = 0;
    this.#ends += 1;
    this.#until = now + this.pauseMs;
  }

  /** How long to wait yet, in ms. */
  remainingMs(now: number): number {
    return Math.max(0, this.#until - now);
  }
}
