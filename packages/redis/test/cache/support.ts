import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished } from 'vitest';
import { Cache, type CacheOptions } from '../../src/cache/index.ts';
import type { RedisManager, RedisManagerOptions } from '../../src/index.ts';
import { readyManager } from '../support/ready-manager.ts';

/** A cache of the running test, as each process has one of its own. */
export function cacheOf<Value = unknown>(
  manager: RedisManager,
  options: Partial<CacheOptions<Value>> = {},
): Cache<Value> {
  const cache = new Cache<Value>(manager, { namespace: 'test', jitter: 0, deadlineMs: 10_000, ...options });
  onTestFinished(() => cache.close());
  return cache;
}

/** A manager and a cache on it that is told of changes. */
export async function cacheOn<Value = unknown>(
  url: string,
  options: Partial<CacheOptions<Value>> = {},
  managerOptions: RedisManagerOptions = {},
): Promise<Cache<Value>> {
  const cache = cacheOf(await readyManager(url, managerOptions), options);
  if (options.localMaxEntries !== 0) await live(cache);
  return cache;
}

/** A server, and two processes' caches on it. */
export async function pair<Value = unknown>(
  options: Partial<CacheOptions<Value>> = {},
): Promise<{ readonly redis: TestRedis; readonly a: Cache<Value>; readonly b: Cache<Value> }> {
  const redis = await startRedis();
  const [a, b] = await Promise.all([cacheOn(redis.url, options), cacheOn(redis.url, options)]);
  return { redis, a, b };
}

/** Resolves when the cache is told of changes. */
export function live(cache: Pick<Cache, 'get' | 'statistics'>): Promise<void> {
  return eventually(() => expect(cache.statistics().local.live).toBe(true));
}

/** Reads until the value comes from this process's memory. */
export async function warm(cache: Pick<Cache, 'get' | 'statistics'>, key: string): Promise<void> {
  await eventually(async () => {
    const before = cache.statistics().hits.local;
    await cache.get(key);
    expect(cache.statistics().hits.local).toBe(before + 1);
  });
}

/** A promise that the test settles, for factories that wait. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** Keys that Redis has, sorted. */
export async function keysOf(redis: TestRedis, pattern = 'cache*'): Promise<string[]> {
  return (JSON.parse(await redis.cli('KEYS', pattern)) as string[]).sort();
}
