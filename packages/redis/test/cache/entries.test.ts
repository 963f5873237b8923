import { startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import type { CacheOptions } from '../../src/cache/index.ts';
import { bytesCodec, defineCodec, jsonCodec, textCodec } from '../../src/index.ts';
import { readyManager } from '../support/ready-manager.ts';
import { cacheOf, cacheOn, keysOf, pair, warm } from './support.ts';

test('what one process stores, replaces and deletes is so for all', async () => {
  const { a, b } = await pair();
  await a.set('k', { n: 1 });
  expect([await a.get('k'), await b.get('k'), await b.has('k')]).toEqual([{ n: 1 }, { n: 1 }, true]);
  await b.set('k', { n: 2 });
  expect(await b.get('k')).toEqual({ n: 2 });
  expect(await b.delete('k')).toBe(true);
  expect([await b.get('k'), await b.has('k'), await b.delete('k')]).toEqual([undefined, false, false]);
});

test('namespaces do not see each other, whatever their names', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const names = ['a', 'b', 'a:value', 'A b{c}\n*', '*'];
  const caches = names.map((namespace) => cacheOf(manager, { namespace }));
  await Promise.all(caches.map((cache, n) => cache.set('k', n)));
  expect(await Promise.all(caches.map((cache) => cache.get('k')))).toEqual([0, 1, 2, 3, 4]);
  await caches[4]?.clear();
  expect(await Promise.all(caches.map((cache) => cache.get('k')))).toEqual([0, 1, 2, 3, undefined]);
});

test('many entries are stored, read and deleted at once', async () => {
  const { a, b } = await pair<number>();
  const keys = Array.from({ length: 500 }, (_, n) => `k${n}`);
  await a.setMany(keys.map((key, n) => [key, n] as const));
  const found = await b.getMany([...keys, 'none', 'k1']);
  expect([...found].sort(([, x], [, y]) => x - y)).toEqual(keys.map((key, n) => [key, n]));
  expect(await b.deleteMany([...keys.slice(0, 400), 'none'])).toBe(400);
  expect((await b.getMany(keys)).size).toBe(100);
  await b.clear();
  expect((await b.getMany(keys)).size).toBe(0);
});

test('any text is a key and a tag, and what is none is refused with an error', async () => {
  const { redis, a, b } = await pair<string>();
  const hostile = [
    '{a}',
    'a b\r\n',
    '*',
    'x'.repeat(10_000),
    '日本',
    '../../',
    '%41',
    'A',
    '~',
    '"',
    '__proto__',
    '\u0000',
  ];
  for (const key of hostile) await a.set(key, key, { tags: [key, 'all'] });
  for (const key of hostile) expect(await b.get(key)).toBe(key);
  expect((await keysOf(redis, '*:value:*')).length).toBe(hostile.length);
  for (const key of hostile) {
    await b.invalidateTags(key);
    expect(await b.has(key)).toBe(false);
  }
  for (const key of ['', '\ud800']) {
    await expect(a.get(key)).rejects.toMatchObject({ code: 'invalid-options' });
    await expect(a.getOrSet(key, () => 'x')).rejects.toMatchObject({ code: 'invalid-options' });
    await expect(a.delete(key)).rejects.toMatchObject({ code: 'invalid-options' });
  }
});

test('whoever changes what the cache gave changes nothing in the cache', async () => {
  const redis = await startRedis();
  const cache = await cacheOn(redis.url);
  const mine = { list: [1], inner: { a: 1 } };
  const made = await cache.getOrSet('k', () => mine);
  mine.list.push(2);
  expect(made).toEqual({ list: [1], inner: { a: 1 } });
  await warm(cache, 'k');
  const got = (await cache.get('k')) as typeof mine;
  for (const value of [made, got]) {
    expect(() => value.list.push(3)).toThrow(TypeError);
    expect(() => {
      value.inner.a = 2;
    }).toThrow(TypeError);
  }
  expect(await cache.get('k')).toEqual({ list: [1], inner: { a: 1 } });
});

test('values that cannot be frozen are given as copies', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const bytes = cacheOf<Buffer>(manager, { namespace: 'bytes', codec: bytesCodec });
  const raw = Buffer.from([0, 255, 10, 13, 0]);
  await bytes.set('k', raw);
  raw[0] = 9;
  await warm(bytes, 'k');
  for (let n = 0; n < 3; n++) {
    const got = (await bytes.get('k')) as Buffer;
    expect([...got]).toEqual([0, 255, 10, 13, 0]);
    got.fill(7);
  }
  const codec = defineCodec<Map<string, number>>(
    { version: 1, parse: (value) => new Map(value as [string, number][]) },
    {
      write: (value) => JSON.stringify([...(value as Map<string, number>)]),
      read: (b) => JSON.parse(String(b)),
    },
  );
  const maps = cacheOf(manager, { namespace: 'maps', codec });
  await maps.set('k', new Map([['a', 1]]));
  await warm(maps, 'k');
  (await maps.get('k'))?.clear();
  expect(await maps.get('k')).toEqual(new Map([['a', 1]]));
});

test('what another program wrote is as good as nothing, and is replaced', async () => {
  const redis = await startRedis();
  const cache = await cacheOn(redis.url, { codec: textCodec });
  const newer = await cacheOn(redis.url, { codec: jsonCodec<unknown>({ version: 2 }) });
  const older = await cacheOn(redis.url, { codec: jsonCodec<unknown>({ version: 1 }) });
  const key = 'cache:test:value:{k}';
  for (const foreign of ['', 'x', '[1]\nx', '[1,1,1,1,1,"no"]\n', '[2,1,1,1,1,[]]\nx', '{}\n']) {
    await redis.cli('SET', key, foreign, 'PX', '60000');
    expect(await cache.get('k')).toBeUndefined();
  }
  expect(await cache.getOrSet('k', () => 'ours')).toBe('ours');
  expect(await cache.get('k')).toBe('ours');
  await newer.set('k', { n: 2 });
  expect(await older.get('k')).toBeUndefined();
  expect(older.statistics().valueErrors).toBe(1);
  await redis.cli('DEL', key);
  await redis.cli('LPUSH', key, 'a list');
  expect(await cache.getOrSet('k', () => 'without')).toBe('without');
});

test('a value that is too large is refused, and given without being stored where it was made', async () => {
  const redis = await startRedis();
  const cache = await cacheOn<string>(redis.url, { maxValueBytes: 1000 });
  const huge = 'x'.repeat(1001);
  await expect(cache.set('k', huge)).rejects.toMatchObject({ code: 'too-large', applied: 'no' });
  expect(await cache.getOrSet('k', () => huge)).toBe(huge);
  expect(await keysOf(redis)).toEqual([]);
  expect(cache.statistics().valueErrors).toBe(2);
  const large = await cacheOn<string>(redis.url, { maxValueBytes: 64 * 2 ** 20, localMaxBytes: 2 ** 20 });
  const value = 'y'.repeat(20 * 2 ** 20);
  await large.set('k', value, { ttlMs: 600_000 });
  expect((await large.get('k')) === value).toBe(true);
  expect(large.statistics().local).toMatchObject({ entries: 0, bytes: 0 });
});

test('what cannot be written by the codec is refused with an error', async () => {
  const redis = await startRedis();
  const cache = await cacheOn(redis.url);
  for (const value of [undefined, () => 1, Symbol('s')])
    await expect(cache.set('k', value)).rejects.toMatchObject({ code: 'codec' });
  await expect(cache.getOrSet('k', () => () => 1)).rejects.toMatchObject({ code: 'codec' });
  expect(await keysOf(redis)).toEqual([]);
});

test('every entry leaves Redis when it is of no use any more', async () => {
  const redis = await startRedis();
  const cache = await cacheOn(redis.url, { ttlMs: 50_000, graceMs: 10_000, staleWhileRevalidateMs: 5000 });
  await cache.set('plain', 1);
  await cache.set('stale', 1, { graceMs: 0 });
  await cache.set('jitter', 1, { jitter: 0.5 });
  await cache.set('tagged', 1, { tags: ['t'], ttlMs: 400_000_000 });
  const left = async (key: string): Promise<number> => Number(await redis.cli('PTTL', `cache:test:${key}`));
  expect(await left('value:{plain}')).toBeGreaterThan(50_000);
  expect(await left('value:{plain}')).toBeLessThanOrEqual(60_000);
  expect(await left('value:{stale}')).toBeLessThanOrEqual(55_000);
  expect(await left('value:{jitter}')).toBeLessThan(60_000);
  // A tag that ends before its entries would end them too.
  expect(await left('tag:t')).toBeGreaterThan(400_010_000);
});

test('options that cannot be are refused', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const wrong: Partial<CacheOptions<unknown>>[] = [
    { ttlMs: 0 },
    { ttlMs: Number.NaN },
    { jitter: 1.1 },
    { graceMs: -1 },
    { maxStalenessMs: 10 },
    { leaseMs: 1 },
    { prefix: 'a:b' },
    { namespace: '' },
    { namespace: 7 as never },
    { localMaxBytes: -1 },
  ];
  for (const options of wrong)
    expect(() => cacheOf(manager, options)).toThrow(expect.objectContaining({ code: 'invalid-options' }));
  const cache = cacheOf(manager);
  await expect(cache.set('k', 1, { ttlMs: -1 })).rejects.toMatchObject({ code: 'invalid-options' });
  await expect(cache.getOrSet('k', () => 1, { jitter: 2 })).rejects.toMatchObject({
    code: 'invalid-options',
  });
});
