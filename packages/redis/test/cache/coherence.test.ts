import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { eventually, faultProxy, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import type { Cache } from '../../src/cache/index.ts';
import { createRedisManager } from '../../src/index.ts';
import { cacheOf, cacheOn, live, warm } from './support.ts';

const BOUND = { maxStalenessMs: 1000 };

/** What was read, and when each read began. */
interface Reading {
  readonly value: string | undefined;
  readonly at: number;
}

/** Reads a key again and again until `enough` says so. */
async function readings(
  cache: Cache<string>,
  key: string,
  enough: (last: Reading) => boolean,
): Promise<readonly Reading[]> {
  const all: Reading[] = [];
  for (;;) {
    const at = performance.now();
    const reading = { value: await cache.get(key), at };
    all.push(reading);
    if (enough(reading)) return all;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** The last read of a value, after a moment, in ms. */
function lastAfter(all: readonly Reading[], value: string, moment: number): number {
  return Math.max(0, ...all.filter((each) => each.value === value).map(({ at }) => at - moment));
}

async function throughProxy(redis: TestRedis) {
  const proxy = await faultProxy({ target: redis.url });
  const near = await cacheOn<string>(redis.url, BOUND);
  const far = await cacheOn<string>(proxy.url, { ...BOUND, deadlineMs: 250 });
  await near.set('k', 'old');
  await warm(far, 'k');
  return { proxy, near, far };
}

test.each(['blackhole', 'halfOpen'] as const)(
  'a process whose channel is silent (%s) gives nothing that is older than the bound',
  async (fault) => {
    const { proxy, near, far } = await throughProxy(await startRedis());
    const cutAt = performance.now();
    proxy[fault]();
    await near.set('k', 'new');
    const late = cutAt + 2500;
    const before = await readings(far, 'k', ({ at }) => at > late);
    expect(lastAfter(before, 'old', cutAt)).toBeGreaterThan(0);
    expect(lastAfter(before, 'old', cutAt)).toBeLessThanOrEqual(BOUND.maxStalenessMs);
    await proxy.restore();
    const after = await readings(far, 'k', ({ value }) => value === 'new');
    expect(lastAfter(after, 'old', 0)).toBe(0);
    await live(far);
    await warm(far, 'k');
  },
);

test('what was changed while the channel was away is noticed when it is back', async () => {
  const { proxy, near, far } = await throughProxy(await startRedis());
  for (let n = 0; n < 3; n++) {
    const cutAt = performance.now();
    proxy.refuse();
    await near.set('k', `new ${n}`);
    await proxy.restore();
    const all = await readings(far, 'k', ({ value }) => value === `new ${n}`);
    const old = n === 0 ? 'old' : `new ${n - 1}`;
    expect(lastAfter(all, old, cutAt)).toBeLessThanOrEqual(BOUND.maxStalenessMs);
    await live(far);
    await warm(far, 'k');
  }
});

test('a process that Redis does not tell of changes asks Redis after the bound', async () => {
  const redis = await startRedis();
  await redis.cli('ACL', 'SETUSER', 'untold', 'on', '>pw', '~*', '&*', '+@all', '-client|tracking');
  const near = await cacheOn<string>(redis.url, BOUND);
  const url = `redis://untold:pw@127.0.0.1:${redis.port}`;
  const manager = createRedisManager({ url, allowSecond: true });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 10_000 });
  const untold = cacheOf<string>(manager, BOUND);
  await near.set('k', 'old');
  expect(await untold.get('k')).toBe('old');
  expect(await untold.get('k')).toBe('old');
  expect(untold.statistics().hits.local).toBeGreaterThan(0);
  const changedAt = performance.now();
  await near.set('k', 'new');
  const all = await readings(untold, 'k', ({ value }) => value === 'new');
  expect(lastAfter(all, 'old', changedAt)).toBeLessThanOrEqual(BOUND.maxStalenessMs);
  expect(untold.statistics().local.live).toBe(false);
});

test('a read that was under way when its key changed leaves no copy behind', async () => {
  const redis = await startRedis();
  const [near, far] = [
    await cacheOn<number>(redis.url),
    await cacheOn<number>(redis.url, { maxStalenessMs: 600_000 }),
  ];
  for (let burst = 0; burst < 100; burst++) {
    let last = false;
    const reading = async (): Promise<void> => {
      for (; !last; await setImmediate()) await far.get('k');
    };
    const writing = async (): Promise<void> => {
      for (let n = 0; n < 10; n++) await near.set('k', burst * 10 + n);
      last = true;
    };
    await Promise.all([reading(), reading(), writing()]);
    await eventually(async () => expect(await far.get('k')).toBe(burst * 10 + 9));
  }
  expect(far.statistics().hits.local).toBeGreaterThan(0);
});

test('a server that was emptied is noticed at once', async () => {
  const redis = await startRedis();
  const cache = await cacheOn<string>(redis.url, { ...BOUND, maxStalenessMs: 600_000 });
  await cache.set('k', 'old');
  await warm(cache, 'k');
  await redis.cli('FLUSHALL');
  await eventually(async () => expect(await cache.get('k')).toBeUndefined());
});

test('an entry that expired in Redis is fresh in no process', async () => {
  const redis = await startRedis();
  const cache = await cacheOn<string>(redis.url, { maxStalenessMs: 600_000 });
  await cache.set('k', 'old', { ttlMs: 1000 });
  const storedAt = performance.now();
  const all = await readings(cache, 'k', ({ value }) => value === undefined);
  expect(cache.statistics().hits.local).toBeGreaterThan(0);
  // By Redis' clock, which began before the reply came.
  expect(lastAfter(all, 'old', storedAt)).toBeLessThanOrEqual(1000);
});

test('Redis is asked for tracking by caches with copies only, and not any more after the last was closed', async () => {
  const redis = await startRedis();
  const flags = async (): Promise<string[]> => {
    const list = await redis.cli('CLIENT', 'LIST');
    return [...list.matchAll(/ name=taproot:subscriber:\S+.* flags=(\S+)/g)].map(([, each]) => each ?? '');
  };
  const without = await cacheOn(redis.url, { localMaxEntries: 0 });
  expect(await flags()).toEqual(['P']);
  await without.close();
  const manager = createRedisManager({ url: redis.url, allowSecond: true, app: 'taproot' });
  onTestFinished(() => manager.close());
  const caches = [cacheOf(manager), cacheOf(manager), cacheOf(manager, { namespace: 'other' })];
  for (const cache of caches) await live(cache);
  expect((await flags()).join()).toContain('B');
  await caches[0]?.close();
  await caches[1]?.set('k', 1);
  await warm(caches[1] as Cache, 'k');
  for (const cache of caches) await cache.close();
  await eventually(async () => expect((await flags()).join()).not.toContain('B'));
});
