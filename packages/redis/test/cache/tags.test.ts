import { eventually, startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import type { Cache } from '../../src/cache/index.ts';
import { resolveCacheOptions, resolveLife } from '../../src/cache/options.ts';
import { partsOf } from '../../src/cache/parts.ts';
import { readyManager } from '../support/ready-manager.ts';
import { gate, pair, warm } from './support.ts';

test('the invalidation of a tag ends all entries with it, in all processes, and no others', async () => {
  const { a, b } = await pair<number>();
  for (let n = 0; n < 30; n++) await a.set(`k${n}`, n, { tags: [`mod${n % 3}`, 'all'] });
  const keys = Array.from({ length: 30 }, (_, n) => `k${n}`);
  expect((await b.getMany(keys)).size).toBe(30);
  await a.invalidateTags('mod1');
  expect([...(await a.getMany(keys)).values()].every((n) => n % 3 !== 1)).toBe(true);
  await eventually(async () => expect((await b.getMany(keys)).size).toBe(20));
  await b.invalidateTags(['mod0', 'mod2']);
  expect((await b.getMany(keys)).size).toBe(0);
  await eventually(async () => expect((await a.getMany(keys)).size).toBe(0));
});

test('the invalidation of a tag is one command, however many entries have it', async () => {
  const { redis, a } = await pair<number>();
  const keys = Array.from({ length: 300 }, (_, n) => `k${n}`);
  await a.setMany(
    keys.map((key, n) => [key, n] as const),
    { tags: ['t'] },
  );
  await redis.cli('CONFIG', 'RESETSTAT');
  await a.invalidateTags('t');
  const stats = await redis.cli('INFO', 'commandstats');
  const writes = [...stats.matchAll(/cmdstat_(del|unlink|set|expire|pexpire|evalsha|eval):calls=(\d+)/g)];
  // The probes of two managers write as well.
  expect(writes.reduce((sum, [, , calls]) => sum + Number(calls), 0)).toBeLessThan(10);
  expect((await a.getMany(keys)).size).toBe(0);
});

/** An invalidation while the factory runs, by this process or another. */
async function race(maker: Cache<string>, other: Cache<string>): Promise<void> {
  const slow = gate();
  const options = { tags: ['t'] };
  const { runs } = maker.statistics().factory;
  const old = maker.getOrSet(
    'k',
    async () => {
      await slow.opened;
      return 'old';
    },
    options,
  );
  await eventually(() => expect(maker.statistics().factory.runs).toBe(runs + 1));
  await other.invalidateTags('t');
  const asked = other.getOrSet('k', () => 'new', options);
  slow.open();
  expect(await old).toBe('old');
  expect(await asked).toBe('new');
  await eventually(async () => expect(await maker.get('k')).toBe('new'));
  await maker.delete('k');
}

test('what a factory makes from before an invalidation is never given as fresh after it', async () => {
  const { a, b } = await pair<string>();
  for (let round = 0; round < 5; round++) {
    await race(a, b);
    await race(a, a);
  }
});

test('what a factory made from before an invalidation is never fresh, also where nobody makes it anew', async () => {
  const { a, b } = await pair<string>();
  const made = a.getOrSet(
    'k',
    async () => {
      await b.invalidateTags('t');
      return 'old';
    },
    { tags: ['t', 'u'] },
  );
  expect(await made).toBe('old');
  for (const cache of [a, b]) expect(await cache.get('k')).toBeUndefined();
});

test('entries whose tag was lost end, and do not come back when it is there again', async () => {
  const { redis, a, b } = await pair<string>();
  await a.set('k', 'old', { tags: ['t'] });
  await warm(b, 'k');
  await redis.cli('DEL', 'cache:test:tag:t');
  await eventually(async () => expect(await b.get('k')).toBeUndefined());
  await b.set('other', 'x', { tags: ['t'] });
  expect([await a.get('k'), await b.get('k'), await a.get('other')]).toEqual([undefined, undefined, 'x']);
});

test('an invalidated entry does not stand in for a factory that fails', async () => {
  const { a } = await pair<string>();
  await a.set('k', 'old', { tags: ['t'], graceMs: 60_000, staleWhileRevalidateMs: 60_000 });
  await a.invalidateTags('t');
  await expect(a.getOrSet('k', () => Promise.reject(new TypeError('down')))).rejects.toThrow('down');
});

test('tags work without copies in the process too', async () => {
  const { a, b } = await pair<string>({ localMaxEntries: 0 });
  await a.set('k', 'v', { tags: ['t', 'u'] });
  expect(await b.get('k')).toBe('v');
  await a.invalidateTags('u');
  expect([await a.get('k'), await b.get('k')]).toEqual([undefined, undefined]);
  await race(a, b);
  expect(a.statistics().hits.local).toBe(0);
});

test('a process reads what it has just written, also where it was not told yet that the tag was lost', async () => {
  const redis = await startRedis();
  // Nobody tells it of changes.
  const options = resolveCacheOptions<number>({ namespace: 'test', maxStalenessMs: 60_000 });
  const { names, redis: layer } = partsOf(await readyManager(redis.url), options);
  const keys = names.entry('k');
  const life = resolveLife({ tags: ['t'] }, options.life);
  await layer.write(keys, Buffer.from(options.codec.encode(1)), life);
  expect(await layer.read('k', keys)).toBeDefined();
  await redis.cli('FLUSHALL');
  await layer.write(keys, Buffer.from(options.codec.encode(2)), life);
  expect(await layer.read('k', keys)).toMatchObject({ value: 2 });
});
