import { RedisManagerError } from '../errors.ts';
import { numberOption } from '../number-option.ts';

/** So much in so long. */
export interface Limit {
  /** Units per period, more than 0. A unit is a request, unless requests are given another cost. */
  readonly count: number;
  /** In ms, at least 1. */
  readonly periodMs: number;
  /** Units that may come at once, at least 1. @default count, rounded up */
  readonly burst?: number;
}

/** A limit after its check. */
export interface Bucket {
  readonly name: string;
  readonly burst: number;
  readonly unitsPerMs: number;
}

/** What is known of a request, from what is used of each limit. */
export interface Standing {
  /** Units that may come now. */
  readonly remaining: number;
  /** When the same request may fit, in ms from now; 0 if it did. */
  readonly retryAfterMs: number;
  /** When nothing is used any more, in ms from now. */
  readonly resetMs: number;
  /** The limit that makes it wait longest. */
  readonly limitedBy: string | undefined;
}

const MAX_LIMITS = 16;

/** Throws `invalid-options`. */
export function bucketsOf(limits: Readonly<Record<string, Limit>>): readonly Bucket[] {
  const buckets = Object.entries(limits).map(([name, limit]) => bucketOf(name, limit));
  numberOption('limits', buckets.length, 1, MAX_LIMITS);
  return buckets;
}

function bucketOf(name: string, { count, periodMs, burst = Math.ceil(count) }: Limit): Bucket {
  if (!/^[\w.-]{1,64}$/.test(name)) {
    const expected = '1 to 64 letters, digits, dots, dashes or underscores';
    throw new RedisManagerError(
      `Name of a limit: expected ${expected}, got ${JSON.stringify(name.slice(0, 64))}`,
      {
        code: 'invalid-options',
        retryable: false,
        applied: 'no',
      },
    );
  }
  numberOption(`limits.${name}.count`, count, Number.MIN_VALUE);
  numberOption(`limits.${name}.periodMs`, periodMs, 1);
  const bucket = {
    name,
    unitsPerMs: count / periodMs,
    burst: numberOption(`limits.${name}.burst`, burst, 1, 1e9),
  };
  // Redis has to take it as an expiry.
  numberOption(`limits.${name}: ms from full to empty`, bucket.burst / bucket.unitsPerMs, 0, 1e13);
  return bucket;
}

/** The strictest of all limits. */
export function standingOf(
  buckets: readonly Bucket[],
  used: readonly number[],
  refusedCost: number,
): Standing {
  const each = buckets.map(({ name, burst, unitsPerMs }, index) => {
    const use = used[index] ?? 0;
    return {
      name,
      remaining: Math.max(0, Math.floor(burst - use + 1e-6)),
      waitMs: wholeMs((use + refusedCost - burst) / unitsPerMs),
      resetMs: wholeMs(use / unitsPerMs),
    };
  });
  const retryAfterMs = refusedCost === 0 ? 0 : Math.max(...each.map(({ waitMs }) => waitMs));
  return {
    remaining: Math.min(...each.map(({ remaining }) => remaining)),
    retryAfterMs,
    resetMs: Math.max(...each.map(({ resetMs }) => resetMs)),
    limitedBy: retryAfterMs > 0 ? each.find(({ waitMs }) => waitMs === retryAfterMs)?.name : undefined,
  };
}

/** Rounded up, but for what is only the rounding of doubles. */
function wholeMs(ms: number): number {
  return Math.max(0, Math.ceil(ms - 1e-6));
}
