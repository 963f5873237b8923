import { PROFILES } from '../connection/profile.ts';
import { RedisManagerError } from '../errors.ts';
import { type Codec, jsonCodec } from '../keyspaces/index.ts';
import { numberOption } from '../number-option.ts';

/** How long an entry is of use, and what it depends on. */
export interface EntryOptions {
  /** How long an entry is fresh, in ms, at least 1. @default 60_000 */
  readonly ttlMs?: number;
  /** Share of `ttlMs` by which an entry may end earlier, at random, so that what was stored together does not end together; 0 to 1. @default 0.1 */
  readonly jitter?: number;
  /** How long after that `getOrSet` answers with the old value at once, and has a new one made meanwhile, in ms. @default 0 */
  readonly staleWhileRevalidateMs?: number;
  /** How long after that the old value may stand in where no new one can be had: the factory fails, or Redis and the factory. In ms. @default 0 */
  readonly graceMs?: number;
  /** How long it is fresh that there is no value (the factory gave `undefined`), in ms; 0: is not stored. @default 5000 */
  readonly negativeTtlMs?: number;
  /** {@link Cache.invalidateTags} of any of these ends the entry. @default none */
  readonly tags?: readonly string[];
}

/** Options of {@link Cache}. Those of entries are what the calls' options are completed with. */
export interface CacheOptions<Value> extends Omit<EntryOptions, 'tags'> {
  /** Entries of one namespace are those of all caches of that name in the deployment. */
  readonly namespace: string;
  /** What its keys begin with: letters, digits, dots, dashes. @default 'cache' */
  readonly prefix?: string;
  /** How values are stored. @default JSON */
  readonly codec?: Codec<Value>;
  /** Entries that this process keeps, at most; 0: none. @default 10_000 */
  readonly localMaxEntries?: number;
  /** Memory of the entries that this process keeps, about, in bytes. @default 16 MiB */
  readonly localMaxBytes?: number;
  /**
   * How old the knowledge may be on which this process answers without a question to Redis, in ms, at least 500. Changes are
   * told within milliseconds; this is the bound where they are not told. @default 1000
   */
  readonly maxStalenessMs?: number;
  /** How long a read, and each step of `getOrSet`, may wait for Redis, in ms, at least 1. Without a connection nothing waits. @default 250, that of profile `cache` */
  readonly deadlineMs?: number;
  /** Larger values are not stored, in bytes as written by the codec. @default 1 MiB */
  readonly maxValueBytes?: number;
  /** After this another process may run the factory if the one that runs it has died, in ms, at least 100. @default 3000 */
  readonly leaseMs?: number;
  /** How long to wait for another process's factory, in ms, before this one runs its own. @default 10_000 */
  readonly waitMs?: number;
  /** How long a factory may take, in ms. @default 30_000 */
  readonly factoryTimeoutMs?: number;
}

export const DEFAULT_CACHE = {
  prefix: 'cache',
  ttlMs: 60_000,
  jitter: 0.1,
  staleWhileRevalidateMs: 0,
  graceMs: 0,
  negativeTtlMs: 5000,
  localMaxEntries: 10_000,
  localMaxBytes: 16_777_216,
  maxStalenessMs: 1000,
  deadlineMs: PROFILES.cache.deadlineMs as number,
  maxValueBytes: 1_048_576,
  leaseMs: 3000,
  waitMs: 10_000,
  factoryTimeoutMs: 30_000,
} as const;

/** How long an entry is of use, after defaults and checks. */
export type EntryLife = Readonly<Required<EntryOptions>>;

/** Options of a cache, after defaults and checks. */
export interface ResolvedCacheOptions<Value> {
  readonly namespace: string;
  readonly prefix: string;
  readonly codec: Codec<Value>;
  readonly localMaxEntries: number;
  readonly localMaxBytes: number;
  readonly maxStalenessMs: number;
  readonly deadlineMs: number;
  readonly maxValueBytes: number;
  readonly leaseMs: number;
  readonly waitMs: number;
  readonly factoryTimeoutMs: number;
  readonly life: EntryLife;
}

/** The longest time that a timer takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** A hundred years: what Redis adds to its clock must fit. */
const MAX_TTL_MS = 100 * 365 * 86_400_000;

/** Applies the defaults and checks every value once. Throws `invalid-options`. */
export function resolveCacheOptions<Value>(options: CacheOptions<Value>): ResolvedCacheOptions<Value> {
  const all = { ...DEFAULT_CACHE, ...withoutUndefined(options) };
  // A colon could make the keys of one cache begin with those of another, and then the server tracks neither.
  if (!/^[\w.-]{1,64}$/.test(all.prefix))
    throw invalid('prefix', '1 to 64 letters, digits, dots, dashes or underscores', all.prefix);
  if (typeof all.namespace !== 'string') throw invalid('namespace', 'a text', typeof all.namespace);
  const number = (name: keyof typeof DEFAULT_CACHE, min: number, max?: number): number =>
    numberOption(name, Number(all[name]), min, max);
  return {
    namespace: all.namespace,
    prefix: all.prefix,
    codec: all.codec ?? jsonCodec<Value>({ version: 1 }),
    localMaxEntries: number('localMaxEntries', 0),
    localMaxBytes: number('localMaxBytes', 0),
    maxStalenessMs: number('maxStalenessMs', 500, MAX_TIMER_MS),
    deadlineMs: number('deadlineMs', 1, MAX_TIMER_MS),
    maxValueBytes: number('maxValueBytes', 1, 512 * 2 ** 20),
    leaseMs: number('leaseMs', 100, MAX_TIMER_MS),
    waitMs: number('waitMs', 0, MAX_TIMER_MS),
    factoryTimeoutMs: number('factoryTimeoutMs', 1, MAX_TIMER_MS),
    life: resolveLife({}, { ...all, tags: [] }),
  };
}

/** What one call says, completed with what its cache says. Throws `invalid-options`. */
export function resolveLife(options: EntryOptions, base: EntryLife): EntryLife {
  const all = { ...base, ...withoutUndefined(options) };
  return {
    ttlMs: Math.ceil(numberOption('ttlMs', all.ttlMs, 1, MAX_TTL_MS)),
    jitter: numberOption('jitter', all.jitter, 0, 1),
    staleWhileRevalidateMs: Math.ceil(
      numberOption('staleWhileRevalidateMs', all.staleWhileRevalidateMs, 0, MAX_TTL_MS),
    ),
    graceMs: Math.ceil(numberOption('graceMs', all.graceMs, 0, MAX_TTL_MS)),
    negativeTtlMs: Math.ceil(numberOption('negativeTtlMs', all.negativeTtlMs, 0, MAX_TTL_MS)),
    tags: [...new Set(all.tags)],
  };
}

/** `undefined` means that the option was not given. */
function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

function invalid(option: string, expected: string, got: string): RedisManagerError {
  return new RedisManagerError(`Option ${option}: expected ${expected}, got ${got.slice(0, 64)}`, {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
  });
}
