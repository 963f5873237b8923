import { fileURLToPath } from 'node:url';
import { startProcess, startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { cacheOn, warm } from './support.ts';

const value = (n: number): object => ({
  id: n,
  name: `name ${n}`,
  text: 'x'.repeat(n % 500),
  list: [n, n + 1],
});

test('a process keeps no more entries and bytes than it may, and those that were used last', async () => {
  const redis = await startRedis();
  const few = await cacheOn(redis.url, { localMaxEntries: 10 });
  const small = await cacheOn(redis.url, { localMaxBytes: 100_000 });
  const keys = Array.from({ length: 300 }, (_, n) => `k${n}`);
  await few.setMany(keys.map((key, n) => [key, value(n)] as const));
  for (const cache of [few, small]) {
    // Both have been told of all changes when the last one is theirs.
    await warm(cache, 'k299');
    await warm(cache, 'k0');
    const { local } = cache.statistics().hits;
    for (let round = 0; round < 3; round++) {
      for (const key of keys) {
        await cache.get(key);
        await cache.get('k0');
      }
    }
    // What is used again and again stays, however much passes by.
    expect(cache.statistics().hits.local - local).toBeGreaterThanOrEqual(900);
  }
  expect(few.statistics()).toMatchObject({ local: { entries: 10 } });
  const { local, evictions } = small.statistics();
  expect(local.bytes).toBeLessThanOrEqual(100_000);
  expect(local.entries).toBeGreaterThan(20);
  expect(evictions).toBeGreaterThan(500);
  for (const cache of [few, small]) {
    const before = cache.statistics().hits;
    for (const key of ['k0', 'k299', 'k298']) expect(await cache.get(key)).toBeDefined();
    expect(cache.statistics().hits).toEqual({ ...before, local: before.local + 3 });
  }
});

test('copies take no more of the memory than their bound says, whatever the values are', async () => {
  const redis = await startRedis();
  const program = fileURLToPath(new URL('./memory.process.ts', import.meta.url));
  const args = ['--expose-gc', '--conditions=@taproot/source', program, redis.url];
  const measuring = startProcess(process.execPath, args);
  await measuring.exit;
  const found = [...measuring.output().matchAll(/^(\w+): entries (\d+), counted (\d+), taken (-?\d+)$/gm)];
  expect(found.map(([, shape]) => shape)).toEqual(['objects', 'texts', 'tagged']);
  for (const [, , entries, counted, taken] of found) {
    expect(Number(entries)).toBeGreaterThan(4000);
    expect(Number(counted)).toBeLessThanOrEqual(12 * 2 ** 20);
    expect(Number(taken)).toBeLessThan(12 * 2 ** 20 * 1.4);
  }
});
