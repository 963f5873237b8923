import { startRedis, type TestRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { RedisCheckpointer } from '../../src/langgraph/index.ts';
import { readyManager } from '../support/ready-manager.ts';
import { checkpoint, config, idOf, idsOf, METADATA } from './support.ts';

const MANY = 10_000;

/** Commands that clients sent; what scripts did in turn is left out, but for the reading script's own. */
async function commandsOf(redis: TestRedis, work: () => Promise<unknown>): Promise<Record<string, number>> {
  await redis.cli('CONFIG', 'RESETSTAT');
  await work();
  const stats = await redis.cli('INFO', 'commandstats');
  const calls = [...stats.matchAll(/cmdstat_(\w+):calls=(\d+)/g)].map(([, name, n]) => [name, Number(n)]);
  return Object.fromEntries(calls);
}

test('of 10,000 checkpoints a page costs what the page holds, wherever it is', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url, { maxQueuedCalls: MANY }));
  for (let from = 0; from < MANY; from += 500) {
    const some = Array.from({ length: 500 }, (_, n) => from + n);
    await Promise.all(
      some.map((n) =>
        saver.put(config('t', idOf(n - 1)), checkpoint(idOf(n), { n }), { ...METADATA, step: n }, { n }),
      ),
    );
  }
  for (const before of [undefined, config('t', idOf(MANY / 2)), config('t', idOf(20))]) {
    const commands = await commandsOf(redis, async () => {
      const newest = before === undefined ? MANY : Number(before.configurable.checkpoint_id);
      const expected = Array.from({ length: 10 }, (_, n) => idOf(newest - 1 - n));
      expect(await idsOf(saver.list(config('t'), { limit: 10, ...(before && { before }) }))).toEqual(
        expected,
      );
    });
    expect(commands).toMatchObject({ evalsha: 10, zrevrangebylex: 1 });
  }
  const filtered = await commandsOf(redis, async () => {
    const filter = { step: MANY - 1000 };
    expect(await idsOf(saver.list(config('t'), { limit: 1, filter }))).toEqual([idOf(MANY - 1000)]);
  });
  expect(filtered).toMatchObject({ evalsha: 1, zrevrangebylex: 5 });
  // A reader that leaves early has not read the rest.
  const left = await commandsOf(redis, async () => {
    for await (const tuple of saver.list(config('t'))) if (tuple.metadata?.step === MANY - 5) break;
  });
  expect(left.evalsha).toBeLessThan(20);
  const latest = await commandsOf(redis, () => saver.getTuple(config('t')));
  expect(latest).toMatchObject({ evalsha: 1, zrevrangebylex: 1 });
  const whole = await idsOf(saver.list(config('t')));
  expect(whole).toEqual(Array.from({ length: MANY }, (_, n) => idOf(MANY - 1 - n)));
});

test('checkpoints of all namespaces and threads are listed, newest first in each', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url));
  const threads = ['t', 'u{v}', 'x'.repeat(5000), '🦊'];
  for (const thread of threads)
    for (const namespace of ['', 'a', 'a|b'])
      for (const id of ['1', '2'])
        await saver.put(config(thread, undefined, namespace), checkpoint(id), METADATA, {});
  const found = new Map<string, string[]>();
  for await (const { config: each } of saver.list({ configurable: {} })) {
    const { thread_id, checkpoint_ns, checkpoint_id } = each.configurable ?? {};
    const place = JSON.stringify([thread_id, checkpoint_ns]);
    found.set(place, [...(found.get(place) ?? []), checkpoint_id]);
  }
  const places = threads.flatMap((thread) => ['', 'a', 'a|b'].map((ns) => JSON.stringify([thread, ns])));
  expect([...found.keys()].sort()).toEqual(places.sort());
  for (const ids of found.values()) expect(ids).toEqual(['2', '1']);
  const ofThread = { configurable: { thread_id: 't' } };
  expect(await idsOf(saver.list(ofThread, { before: config('t', '2') }))).toEqual(['1', '1', '1']);
  expect(await idsOf(saver.list({ configurable: {} }, { limit: 5 }))).toHaveLength(5);
  expect(await idsOf(saver.list(ofThread, { limit: 0 }))).toEqual([]);
  expect(await idsOf(saver.list(config('t', '1')))).toEqual(['1']);
  expect(await idsOf(saver.list(config('t', '3')))).toEqual([]);
});

test('a filter compares metadata deeply, and finds what is not there by undefined', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url));
  for (const n of [1, 2, 3]) {
    const metadata = { ...METADATA, step: n, ...(n < 3 && { user: { name: 'Ann', roles: [n] } }) };
    await saver.put(config('t', idOf(n - 1)), checkpoint(idOf(n)), metadata, {});
  }
  const ids = (filter: Record<string, unknown>): Promise<string[]> =>
    idsOf(saver.list(config('t'), { filter }));
  expect(await ids({ user: { name: 'Ann', roles: [2] } })).toEqual([idOf(2)]);
  expect(await ids({ user: { name: 'Ann' } })).toEqual([]);
  expect(await ids({ user: undefined })).toEqual([idOf(3)]);
  expect(await ids({ source: 'loop', step: 1 })).toEqual([idOf(1)]);
  expect(await ids({ step: '1' })).toEqual([]);
});

test('ancestors are followed over pages, along one branch, and never in a circle', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url));
  for (let n = 0; n < 600; n++) {
    const values = n === 0 ? { log: ['seed'] } : {};
    const at = await saver.put(
      config('t', n === 0 ? undefined : idOf(n - 1)),
      checkpoint(idOf(n), values),
      METADATA,
      {
        log: n,
      },
    );
    await saver.putWrites(
      at,
      [
        ['log', n],
        ['other', 'x'],
      ],
      'task',
    );
    if (n % 100 === 50) await saver.put(config('t', idOf(n - 1)), checkpoint(`${idOf(n)}b`), METADATA, {});
  }
  const history = await saver.getDeltaChannelHistory({
    config: config('t', idOf(599)),
    channels: ['log', 'none'],
  });
  expect(history.log?.seed).toEqual(['seed']);
  expect(history.log?.writes.map(([, , value]) => value)).toEqual(Array.from({ length: 599 }, (_, n) => n));
  expect(history.none).toEqual({ writes: [] });
  await saver.put(config('c', 'x'), checkpoint('y'), METADATA, {});
  await saver.put(config('c', 'y'), checkpoint('x'), METADATA, {});
  expect(await saver.getDeltaChannelHistory({ config: config('c', 'x'), channels: ['a'] })).toEqual({
    a: { writes: [] },
  });
});
