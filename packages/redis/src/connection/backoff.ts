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
    const timer = setTimeout(done, Math.max(0, ms));
    signal?.addEventListener('abort', done, { once: true });
  });
}
