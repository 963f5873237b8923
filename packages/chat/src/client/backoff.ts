import type { Backoff } from './types.ts';

/** @see ChatClientOptions.backoff */
export const DEFAULT_BACKOFF: Backoff = { minMs: 250, maxMs: 10_000 };

/**
 * Full jitter: a random wait below a bound that doubles with each attempt, so that clients cut off together do not come
 * back together (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export function fullJitter(attempt: number, backoff: Backoff, random: () => number = Math.random): number {
  return random() * Math.min(backoff.maxMs, backoff.minMs * 2 ** attempt);
}
