/** Figures of a cache in this process since it was made. */
export interface CacheStatistics {
  /** Fresh entries, from this process's memory and from Redis. */
  readonly hits: { readonly local: number; readonly redis: number };
  readonly misses: number;
  /** Entries that were given although they were not fresh: while a new one was made, or in their grace. */
  readonly stale: number;
  readonly factory: {
    readonly runs: number;
    readonly errors: number;
    /** Values that were not stored: the entry was changed while the factory ran, or Redis did not take it. */
    readonly unstored: number;
  };
  /** Calls for which Redis did not answer as it should; reads went on without it. */
  readonly redisErrors: number;
  /** Stored values that could not be read, or are too large to be stored. */
  readonly valueErrors: number;
  /** Entries that left this process's memory for want of room. */
  readonly evictions: number;
  readonly local: {
    readonly entries: number;
    readonly bytes: number;
    /** Whether Redis tells of changes now. */
    readonly live: boolean;
  };
}

/** What is counted. */
export interface Counts {
  localHits: number;
  redisHits: number;
  misses: number;
  stale: number;
  runs: number;
  factoryErrors: number;
  unstored: number;
  redisErrors: number;
  valueErrors: number;
  evictions: number;
}

export function noCounts(): Counts {
  return {
    localHits: 0,
    redisHits: 0,
    misses: 0,
    stale: 0,
    runs: 0,
    factoryErrors: 0,
    unstored: 0,
    redisErrors: 0,
    valueErrors: 0,
    evictions: 0,
  };
}

export function statisticsOf(counts: Counts, local: CacheStatistics['local']): CacheStatistics {
  const { localHits, redisHits, misses, stale, runs, factoryErrors, unstored } = counts;
  const { redisErrors, valueErrors, evictions } = counts;
  return {
    hits: { local: localHits, redis: redisHits },
    misses,
    stale,
    factory: { runs, errors: factoryErrors, unstored },
    redisErrors,
    valueErrors,
    evictions,
    local: { entries: local.entries, bytes: local.bytes, live: local.live },
  };
}
