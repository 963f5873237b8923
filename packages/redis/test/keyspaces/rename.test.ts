import { startCluster } from '@taproot/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createRedisManager } from '../../src/index.ts';
import { backfillKeyspace, dropReplaced, jsonCodec, KeyspaceRegistry } from '../../src/keyspaces/index.ts';
import { at, codec, countsAt, old, oldCounts, shop } from './rename-stages.ts';
import { managed } from './support.ts';

describe('a backfill', () => {
  test('copies what only the old names hold, with its time to live, in batches, and leaves the rest', async () => {
    const { redis, manager } = await managed();
    for (let user = 0; user < 120; user++) await old.on(manager).set({ user }, user);
    await at('dual-write').on(manager).set({ user: 0 }, 1000);
    await redis.cli('PEXPIRE', 'cart:7', '5000');
    const seen: number[] = [0];
    const onProgress = ({ done, left }: { done: number; left: number }): number => seen.push(done + left);
    const result = await backfillKeyspace(manager, at('dual-write'), { batch: 10, onProgress });
    expect(result).toEqual({ done: 119, left: 1 });
    expect(seen.every((count, index) => count - (seen[index - 1] ?? 0) <= 10)).toBe(true);
    expect(seen.length).toBeGreaterThan(12);
    expect(Number(await redis.cli('PTTL', 'shop:cart:{7}'))).toBeLessThanOrEqual(5000);
    expect(await at('new-only').on(manager).get({ user: 0 })).toBe(1000);
    expect(await redis.cli('INFO', 'commandstats')).not.toMatch(/cmdstat_rename/);
  });

  test('that was cut goes on where it was', async () => {
    const { manager } = await managed();
    for (let user = 0; user < 100; user++) await old.on(manager).set({ user }, user);
    const cut = new AbortController();
    const first = backfillKeyspace(manager, at('dual-write'), {
      batch: 10,
      signal: cut.signal,
      onProgress: ({ done }) => done >= 30 && cut.abort(),
    });
    await expect(first).rejects.toMatchObject({ code: 'aborted', retryable: true });
    await expect(dropReplaced(manager, at('new-only'))).rejects.toMatchObject({ code: 'not-backfilled' });
    expect(await backfillKeyspace(manager, at('dual-write'))).toEqual({ done: 70, left: 30 });
    expect(await backfillKeyspace(manager, at('dual-write'))).toEqual({ done: 0, left: 100 });
  });

  test('mends what an old program wrote or deleted in between, whatever its type', async () => {
    const { manager } = await managed();
    const both = at('dual-write').on(manager);
    const counts = countsAt('dual-write').on(manager);
    await both.set({ user: 'changed' }, 1);
    await old.on(manager).set({ user: 'changed' }, 2);
    await both.set({ user: 'deleted' }, 1);
    await old.on(manager).delete({ user: 'deleted' });
    await counts.write({ user: 'changed' }, ['HINCRBY', 'n', '1']);
    await oldCounts.on(manager).write({ user: 'changed' }, ['HINCRBY', 'n', '1']);
    expect(await backfillKeyspace(manager, at('dual-write'))).toEqual({ done: 2, left: 0 });
    expect(await backfillKeyspace(manager, countsAt('dual-write'))).toEqual({ done: 1, left: 0 });
    expect(await at('new-only').on(manager).get({ user: 'changed' })).toBe(2);
    expect(await at('new-only').on(manager).exists({ user: 'deleted' })).toBe(false);
    expect(String(await countsAt('new-only').on(manager).read({ user: 'changed' }, ['HGET', 'n']))).toBe('2');
  });

  test('takes keys over that nobody encoded', async () => {
    const { redis, manager } = await managed();
    const plain = new KeyspaceRegistry().define({
      ...shop,
      template: 'mail:<to>',
      type: 'string',
      encoding: 'raw',
    });
    const replaces = { keyspace: plain, stage: 'dual-write' } as const;
    const now = new KeyspaceRegistry().define({
      ...shop,
      template: 'shop:mail:<to>',
      type: 'string',
      replaces,
    });
    const long = 'x'.repeat(5000);
    for (const to of ['ann@example.com', 'a b', long]) await redis.cli('SET', `mail:${to}`, to);
    expect(await backfillKeyspace(manager, now)).toEqual({ done: 3, left: 0 });
    for (const to of ['ann@example.com', 'a b', long])
      expect(await redis.cli('GET', now.key({ to }))).toBe(to);
  });
});

test('old keys are dropped only in the last stage and after a backfill, and no other key with them', async () => {
  const { redis, manager } = await managed();
  for (let user = 0; user < 60; user++) await old.on(manager).set({ user }, user);
  await redis.cli('SET', 'cart:not:ours', 'x');
  for (const wrong of [at('dual-write'), at('read-new'), old])
    await expect(dropReplaced(manager, wrong)).rejects.toMatchObject({ code: 'invalid-options' });
  for (const wrong of [at('read-new'), at('new-only'), old])
    await expect(backfillKeyspace(manager, wrong)).rejects.toMatchObject({ code: 'invalid-options' });
  await expect(dropReplaced(manager, at('new-only'))).rejects.toMatchObject({
    code: 'not-backfilled',
    applied: 'no',
  });
  expect(await redis.cli('EXISTS', 'cart:7')).toBe('1');
  await backfillKeyspace(manager, at('dual-write'));
  expect(await dropReplaced(manager, at('new-only'))).toEqual({ done: 60, left: 0 });
  expect(await redis.cli('KEYS', 'cart:*')).toBe('["cart:not:ours"]');
  expect(await at('new-only').on(manager).get({ user: 7 })).toBe(7);
  expect(await redis.cli('EXISTS', 'taproot:renames')).toBe('0');
});

test('a counter goes on counting from what the old name holds', async () => {
  const { redis, manager } = await managed();
  await oldCounts.on(manager).write({ user: 'a' }, ['HINCRBY', 'n', '5']);
  expect(await countsAt('dual-write').on(manager).write({ user: 'a' }, ['HINCRBY', 'n', '1'])).toBe(6);
  expect(await countsAt('read-new').on(manager).write({ user: 'a' }, ['HINCRBY', 'n', '1'])).toBe(7);
  expect(await redis.cli('HGET', 'count:a', 'n')).toBe('7');
  expect(await redis.cli('HGET', 'shop:count:{a}', 'n')).toBe('7');
  expect(await countsAt('read-new').on(manager).ttlMs({ user: 'a' })).toBeGreaterThan(500_000);
});

test('a write that its condition keeps back renews no time to live', async () => {
  const { manager } = await managed();
  for (const stage of ['dual-write', 'read-new'] as const) {
    const store = at(stage).on(manager);
    await store.set({ user: stage }, 1, { ttlMs: 5000 });
    expect(await store.set({ user: stage }, 2, { only: 'new' })).toBe(false);
    for (const each of [store, old.on(manager), at('new-only').on(manager)])
      expect(await each.ttlMs({ user: stage })).toBeLessThanOrEqual(5000);
  }
});

test('concurrent writers and a backfill never leave the two names with different values', async () => {
  const { redis, manager } = await managed();
  const writers = Array.from({ length: 200 }, (_, n) => {
    const store = (n % 2 === 0 ? at('dual-write') : at('read-new')).on(manager);
    return n % 7 === 0 ? store.delete({ user: 'a' }) : store.set({ user: 'a' }, n);
  });
  await Promise.all([...writers, backfillKeyspace(manager, at('dual-write'))]);
  expect(await redis.cli('GET', 'shop:cart:{a}')).toBe('v1 199');
  expect(await redis.cli('GET', 'cart:a')).toBe('v1 199');
});

test('a keyspace takes the place only of one with its type, its parameters and its version', () => {
  const replaces = { keyspace: old, stage: 'dual-write' } as const;
  const declare = (more: object): unknown =>
    new KeyspaceRegistry().define({
      ...shop,
      type: 'string',
      template: 'n:<user>',
      codec,
      replaces,
      ...more,
    });
  expect(() => declare({})).not.toThrow();
  for (const wrong of [
    { type: 'hash' },
    { template: 'n:<id>' },
    { codec: jsonCodec<number>({ version: 2 }) },
    { template: 'cart:<user>' },
  ]) {
    expect(() => declare(wrong)).toThrow(expect.objectContaining({ code: 'invalid-options' }));
  }
});

test('on a Cluster two names of different slots are refused, as no step spans both', async () => {
  const cluster = await startCluster({ masters: 1 });
  const [node] = cluster.nodes;
  const manager = createRedisManager({ url: node?.url ?? '', allowSecond: true });
  onTestFinished(() => manager.close());
  const write = at('dual-write').on(manager).set({ user: 'a' }, 1);
  await expect(write).rejects.toMatchObject({ code: 'crossslot', applied: 'no' });
  expect(await node?.cli('KEYS', '*cart*')).toBe('[]');
});
