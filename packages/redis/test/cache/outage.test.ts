import { performance } from 'node:perf_hooks';
import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import type { Cache } from '../../src/cache/index.ts';
import { createRedisManager, PROFILES } from '../../src/index.ts';
import { readyManager } from '../support/ready-manager.ts';
import { cacheOf, cacheOn, live, warm } from './support.ts';

/** What a caller waits for Redis at most, with room for a busy machine. */
const BOUND_MS = 5 * PROFILES.cache.deadlineMs;
const NORMAL = { deadlineMs: PROFILES.cache.deadlineMs };

/** Every read goes on without Redis, soon, and what changes entries is told that it did not. */
async function expectOpen(cache: Cache<string>, rounds = 3): Promise<void> {
  for (let n = 0; n < rounds; n++) {
    const startedAt = performance.now();
    expect(await cache.getOrSet(`open ${n}`, () => `made ${n}`)).toBe(`made ${n}`);
    expect(await cache.get(`none ${n}`)).toBeUndefined();
    expect((await cache.getMany([`none ${n}`, 'none'])).size).toBe(0);
    expect(await cache.has(`none ${n}`)).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(4 * BOUND_MS);
  }
  await expect(cache.getOrSet('fails', () => Promise.reject(new TypeError('mine')))).rejects.toThrow('mine');
  expect(cache.statistics().redisErrors).toBeGreaterThan(0);
}

async function expectRefused(cache: Cache<string>): Promise<void> {
  const changes = [
    () => cache.set('k', 'v'),
    () => cache.delete('k'),
    () => cache.invalidateTags('t'),
    () => cache.setMany([['k', 'v']]),
    () => cache.deleteMany(['k']),
  ];
  for (const change of changes) await expect(change()).rejects.toMatchObject({ name: 'RedisManagerError' });
}

async function expectBack(redis: TestRedis, cache: Cache<string>): Promise<void> {
  await eventually(async () => {
    await cache.set('back', 'v');
    expect(await redis.cli('GET', 'cache:test:value:{back}')).toContain('"v"');
  });
  await live(cache);
  await warm(cache, 'back');
}

test('while Redis is dead factories run, and afterwards all is as before', async () => {
  const redis = await startRedis();
  const cache = await cacheOn<string>(redis.url, NORMAL, { deadlineMs: 300 });
  await redis.kill();
  await expectOpen(cache);
  await expectRefused(cache);
  await redis.restart();
  await expectBack(redis, cache);
});

test('while Redis is frozen factories run, and afterwards all is as before', async () => {
  const redis = await startRedis();
  const cache = await cacheOn<string>(redis.url, NORMAL, { deadlineMs: 300 });
  redis.freeze();
  await expectOpen(cache);
  await expectRefused(cache);
  redis.thaw();
  await expectBack(redis, cache);
});

test('while Redis loads its data factories run', async () => {
  const redis = await startRedis({
    args: ['--key-load-delay', '300', '--loading-process-events-interval-bytes', '1024'],
  });
  const manager = await readyManager(redis.url, { deadlineMs: 300 });
  const cache = cacheOf<string>(manager, NORMAL);
  await Promise.all(
    Array.from({ length: 8000 }, (_, n) => manager.call(['SET', `key:${n}`, 'x'], { deadlineMs: 20_000 })),
  );
  await redis.cli('SAVE');
  await redis.kill();
  const restarted = redis.restart();
  await eventually(() => expect(manager.state).toBe('loading'));
  await expectOpen(cache, 1);
  expect(manager.state).toBe('loading');
  await restarted;
  await expectBack(redis, cache);
});

test('while Redis has no memory left what it has is read, and what it cannot take is not missed', async () => {
  const redis = await startRedis();
  const cache = await cacheOn<string>(redis.url, NORMAL);
  await cache.set('k', 'v', { tags: ['t'] });
  await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
  expect(await cache.get('k')).toBe('v');
  await expectOpen(cache);
  await expect(cache.set('k', 'new')).rejects.toMatchObject({ code: 'oom' });
  expect(await cache.get('k')).toBe('v');
  expect(await cache.delete('k')).toBe(true);
  await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
  await expectBack(redis, cache);
});

test('a cache that is made before Redis is there works as soon as Redis is', async () => {
  const redis = await startRedis();
  await redis.kill();
  const manager = createRedisManager({ url: redis.url, allowSecond: true });
  const cache = cacheOf<string>(manager, NORMAL);
  expect(await cache.getOrSet('k', () => 'v')).toBe('v');
  await redis.restart();
  await expectBack(redis, cache);
  await manager.close();
});

test('while Redis is away a value that was made is enough for all who ask within the bound', async () => {
  const redis = await startRedis();
  const cache = await cacheOn<string>(redis.url, { ...NORMAL, maxStalenessMs: 600_000 });
  await redis.kill();
  let runs = 0;
  for (let n = 0; n < 50; n++) expect(await cache.getOrSet('k', () => `made ${++runs}`)).toBe('made 1');
  // A tag's invalidation would not be told, so nothing that has one is kept.
  for (let n = 0; n < 3; n++) await cache.getOrSet('tagged', () => `made ${++runs}`, { tags: ['t'] });
  expect(runs).toBe(4);
  await cache.delete('k').catch(() => undefined);
  expect(await cache.getOrSet('k', () => 'new')).toBe('new');
});

test('in its grace a copy stands in when Redis and the factory fail, unless it is known to have changed', async () => {
  const redis = await startRedis();
  const cache = await cacheOn<string>(redis.url, { ...NORMAL, graceMs: 600_000, maxStalenessMs: 500 });
  const plain = await cacheOn<string>(redis.url, { ...NORMAL, namespace: 'plain', maxStalenessMs: 500 });
  for (const key of ['kept', 'deleted', 'invalidated']) await cache.set(key, 'old', { tags: [key] });
  for (const key of ['kept', 'deleted', 'invalidated']) await warm(cache, key);
  await plain.set('kept', 'old');
  await warm(plain, 'kept');
  await cache.delete('deleted');
  await cache.invalidateTags('invalidated');
  await redis.kill();
  const fail = (): Promise<string> => Promise.reject(new TypeError('mine'));
  await eventually(() => expect(plain.getOrSet('kept', fail)).rejects.toThrow('mine'));
  for (let n = 0; n < 3; n++) {
    expect(await cache.getOrSet('kept', fail)).toBe('old');
    expect(await cache.get('kept')).toBe('old');
  }
  for (const key of ['deleted', 'invalidated']) {
    await expect(cache.getOrSet(key, fail)).rejects.toThrow('mine');
    expect(await cache.get(key)).toBeUndefined();
  }
});

test('a lease that Redis took while it was frozen does not keep anybody waiting', async () => {
  const redis = await startRedis();
  const options = { leaseMs: 600_000, waitMs: 600_000, graceMs: 600_000 };
  const cache = await cacheOn<string>(redis.url, { ...NORMAL, ...options, maxStalenessMs: 600_000 });
  await cache.set('k', 'old', { ttlMs: 500 });
  await warm(cache, 'k');
  await eventually(async () => expect(await cache.get('k')).toBeUndefined());
  // Redis knows the script by now.
  await cache.getOrSet('other', () => 'made');
  // It has a copy that is not fresh any more, so the lease is the first that it asks Redis for.
  redis.freeze();
  expect(await cache.getOrSet('k', () => 'made')).toBe('made');
  redis.thaw();
  const other = await cacheOn<string>(redis.url, options);
  expect(await other.getOrSet('k', () => 'now')).toBe('now');
});
