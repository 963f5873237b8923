import { RedisManagerError } from '../errors.ts';
import type { KeyClassifier } from './source.ts';

/** How far a walk over the keys has come. */
export interface InspectProgress {
  readonly scanned: number;
  /** Keys in all. While keys come and go, more or fewer may be scanned. */
  readonly total: number;
}

/** Options of {@link inspect}. All optional. */
export interface InspectOptions {
  /** Tells which declared keyspace a key belongs to. @default none: keys are grouped by what their names look like */
  readonly keyspaces?: KeyClassifier;
  /** How many keys are measured (size, type, TTL), at least 1. Names are looked at beyond that, which costs less. @default 50_000 */
  readonly maxSamples?: number;
  /** How long the walk over the keys may take, in ms, at least 1. @default 10_000 */
  readonly maxMs?: number;
  /** How many big keys and slow commands are listed, at least 0. @default 10 */
  readonly top?: number;
  /** Whole names of keys instead of masked ones: they may hold ids, addresses and secrets. @default false */
  readonly showNames?: boolean;
  /** How long one command may take, in ms, at least 1. @default 5000 */
  readonly deadlineMs?: number;
  readonly onProgress?: (progress: InspectProgress) => void;
  readonly signal?: AbortSignal;
}

export const DEFAULT_INSPECT_OPTIONS = {
  maxSamples: 50_000,
  maxMs: 10_000,
  top: 10,
  showNames: false,
  deadlineMs: 5000,
} as const;

/** Options after defaults and validation. */
export interface InspectLimits {
  readonly maxSamples: number;
  readonly maxMs: number;
  readonly top: number;
  readonly showNames: boolean;
  readonly deadlineMs: number;
}

/** Throws `invalid-options`. */
export function resolveLimits(options: InspectOptions): InspectLimits {
  return {
    maxSamples: atLeast(1, 'maxSamples', options.maxSamples),
    maxMs: atLeast(1, 'maxMs', options.maxMs),
    top: atLeast(0, 'top', options.top),
    showNames: options.showNames ?? DEFAULT_INSPECT_OPTIONS.showNames,
    deadlineMs: atLeast(1, 'deadlineMs', options.deadlineMs),
  };
}

function atLeast(
  min: number,
  name: 'maxSamples' | 'maxMs' | 'top' | 'deadlineMs',
  value: number | undefined,
): number {
  if (value === undefined) return DEFAULT_INSPECT_OPTIONS[name];
  // Infinity is a fair wish: all keys, however long it takes.
  if (value >= min) return value;
  throw new RedisManagerError(`Option ${name}: expected a number of at least ${min}, got ${value}`, {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
  });
}
