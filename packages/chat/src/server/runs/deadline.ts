/** `setTimeout` fires at once for anything longer. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

/** When a run has to end. */
export class Deadline {
  readonly #passed = new AbortController();
  readonly #timers: readonly NodeJS.Timeout[];

  /** `missed` is called when the run has not ended `graceMs` after the deadline either. */
  constructor(ms: number, graceMs: number, missed: () => void) {
    const after = (delayMs: number, act: () => void): NodeJS.Timeout =>
      setTimeout(act, Math.min(delayMs, LONGEST_TIMER_MS));
    const inMs = Math.max(0, ms);
    this.#timers = [after(inMs, () => this.#passed.abort()), after(inMs + graceMs, missed)];
  }

  /** Aborted when the deadline has passed. */
  get signal(): AbortSignal {
    return this.#passed.signal;
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
