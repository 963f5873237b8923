export { Cache, type GetOrSetOptions } from './cache.ts';
export type { FactoryContext } from './factory.ts';
export { type CacheOptions, DEFAULT_CACHE, type EntryOptions } from './options.ts';
export type { CacheStatistics } from './statistics.ts';
