import type { RedisManager } from '../manager.ts';
import { Finder } from './finder.ts';
import { LocalLayer } from './local-layer.ts';
import { Maker } from './maker.ts';
import { Names } from './names.ts';
import type { ResolvedCacheOptions } from './options.ts';
import { Producer } from './producer.ts';
import { RedisLayer } from './redis-layer.ts';
import { type Counts, noCounts } from './statistics.ts';

/** What a cache is made of. */
export interface CacheParts<Value> {
  readonly names: Names;
  readonly counts: Counts;
  readonly local: LocalLayer<Value>;
  readonly redis: RedisLayer<Value>;
  readonly finder: Finder<Value>;
  readonly maker: Maker<Value>;
}

export function partsOf<Value>(manager: RedisManager, cache: ResolvedCacheOptions<Value>): CacheParts<Value> {
  const { codec, deadlineMs } = cache;
  const counts = noCounts();
  const names = new Names(cache.prefix, cache.namespace);
  const patience = { profile: 'cache', deadlineMs } as const;
  const local = new LocalLayer<Value>({
    maxEntries: cache.localMaxEntries,
    maxBytes: cache.localMaxBytes,
    maxStalenessMs: cache.maxStalenessMs,
    onEvicted: () => counts.evictions++,
    onChanged: (redisKey) => maker.changed(redisKey),
  });
  const redis = new RedisLayer({ manager, names, local, codec, counts, patience });
  const finder = new Finder(local, redis, counts);
  const producer = new Producer({ manager, redis, local, counts, patience, cache });
  const maker = new Maker({ finder, producer, counts });
  return { names, counts, local, redis, finder, maker };
}
