/** Full jitter: random in [0, min(maxMs, minMs · 2ⁿ)] (AWS Architecture Blog, "Exponential backoff and jitter", 2015). */
export function fullJitter(attempt: number, minMs: number, maxMs: number): number {
  return Math.random() * Math.min(maxMs, minMs * 2 ** Math.min(attempt, 30));
}

/** Resolves after `ms` (at least 0), or at once when `signal` aborts; never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, timerMs(ms));
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** The longest time that a timer takes; a longer one would end at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** What a timer makes of `ms`: none is in the past, and none ends at once because it is too long. */
export function timerMs(ms: number): number {
  return Math.min(MAX_TIMER_MS, Math.max(0, ms));
}
