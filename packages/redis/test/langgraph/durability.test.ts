import { eventually, faultProxy, startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { RedisCheckpointer } from '../../src/langgraph/index.ts';
import { readyManager } from '../support/ready-manager.ts';
import { checkpoint, config, idOf, idsOf, METADATA } from './support.ts';

/** Probes that are late would end the connection. */
const UNPROBED = { probeIntervalMs: 10_000 };
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'];

test('Redis killed between a checkpoint and its writes keeps the one and takes the other when it is back', async () => {
  const redis = await startRedis({ args: DURABLE });
  const saver = new RedisCheckpointer(await readyManager(redis.url), { deadlineMs: 30_000 });
  for (let n = 1; n <= 3; n++) {
    const at = await saver.put(config('t', idOf(n - 1)), checkpoint(idOf(n), { n }), METADATA, { n });
    await redis.kill();
    const writing = saver.putWrites(at, [['answer', n]], 'task');
    await redis.restart();
    await writing;
    await redis.kill();
    await redis.restart();
    const tuple = await saver.getTuple(config('t'));
    expect(tuple?.checkpoint.channel_values).toEqual({ n });
    expect(tuple?.pendingWrites).toEqual([['task', 'answer', n]]);
  }
  expect(await idsOf(saver.list(config('t')))).toEqual([3, 2, 1].map(idOf));
});

test('a checkpoint or write whose reply was lost is sent again, and is stored once', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: redis.url });
  const saver = new RedisCheckpointer(await readyManager(proxy.url, UNPROBED), { deadlineMs: 30_000 });
  const stored = async (members: number): Promise<void> => {
    await eventually(
      async () => expect(await redis.cli('ZCARD', 'langgraph:{t}:index')).toBe(String(members)),
      {
        everyMs: 5,
      },
    );
    proxy.reset();
    await proxy.restore();
  };
  // Replies are on their way for so long, so that they can be lost after the command was applied.
  proxy.latency(2000);
  const put = saver.put(config('t'), checkpoint('1'), METADATA, {});
  await stored(1);
  const at = await put;
  proxy.latency(2000);
  const putWrites = saver.putWrites(at, [['a', 1]], 'task');
  await stored(2);
  await putWrites;
  expect(await redis.cli('ZCARD', 'langgraph:{t}:index')).toBe('2');
  const [, sent] = /cmdstat_evalsha:calls=(\d+)/.exec(await redis.cli('INFO', 'commandstats')) ?? [];
  expect(Number(sent)).toBeGreaterThanOrEqual(4);
  expect((await saver.getTuple(config('t')))?.pendingWrites).toEqual([['task', 'a', 1]]);
});

test('a call while Redis is away waits for it, and past its deadline says whether it was applied', async () => {
  const redis = await startRedis({ args: DURABLE });
  const manager = await readyManager(redis.url);
  const patient = new RedisCheckpointer(manager, { deadlineMs: 30_000 });
  const hasty = new RedisCheckpointer(manager, { deadlineMs: 200 });
  await patient.put(config('t'), checkpoint('1'), METADATA, {});
  await redis.kill();
  await eventually(() => expect(manager.state).toBe('down'));
  const late = hasty.put(config('t', '1'), checkpoint('2'), METADATA, {});
  await expect(late).rejects.toMatchObject({ code: 'timeout', applied: 'no' });
  const reading = patient.getTuple(config('t'));
  const putting = patient.put(config('t', '1'), checkpoint('3'), METADATA, {});
  await redis.restart();
  await Promise.all([reading, putting]);
  expect(await idsOf(patient.list(config('t')))).toEqual(['3', '1']);
});

test('writers of one thread in many processes lose nothing of each other’s', async () => {
  const redis = await startRedis();
  const savers = await Promise.all(
    [0, 1, 2, 3].map(async () => new RedisCheckpointer(await readyManager(redis.url))),
  );
  await Promise.all(
    savers.map(async (saver, writer) => {
      for (let n = 0; n < 50; n++) {
        const id = idOf(n * savers.length + writer);
        const at = await saver.put(config('t', 'root'), checkpoint(id, { writer }), METADATA, { writer: n });
        await saver.putWrites(at, [['from', writer]], `task${writer}`);
        // All write the same task of the same checkpoint: the first stays.
        await saver.putWrites(config('t', 'root'), [['winner', [n, writer]]], `task${n}`);
      }
    }),
  );
  const [saver] = savers as [RedisCheckpointer];
  await saver.put(config('t'), checkpoint('root'), METADATA, {});
  const tuples = new Map<string, unknown>();
  for await (const { checkpoint: each, pendingWrites } of saver.list(config('t')))
    tuples.set(each.id, pendingWrites);
  expect(tuples.size).toBe(201);
  for (let n = 0; n < 200; n++) expect(tuples.get(idOf(n))).toEqual([[`task${n % 4}`, 'from', n % 4]]);
  const winners = (await saver.getTuple(config('t', 'root')))?.pendingWrites ?? [];
  expect(winners).toHaveLength(50);
  for (const [task, , value] of winners) expect(`task${(value as number[])[0]}`).toBe(task);
});

test('configs that name nothing are refused before anything is sent', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url));
  const invalid = { code: 'invalid-options', applied: 'no' };
  for (const thread_id of ['', 7, ['t'], '\ud800'] as unknown[]) {
    const bad = { configurable: { thread_id, checkpoint_id: '1' } };
    await expect(saver.getTuple(bad)).rejects.toMatchObject(invalid);
    await expect(saver.put(bad, checkpoint('1'), METADATA, {})).rejects.toMatchObject(invalid);
    await expect(saver.putWrites(bad, [['a', 1]], 'task')).rejects.toMatchObject(invalid);
    await expect(saver.list(bad).next()).rejects.toMatchObject(invalid);
    await expect(saver.deleteThread(thread_id as string)).rejects.toMatchObject(invalid);
  }
  await expect(saver.put(config('t'), checkpoint(''), METADATA, {})).rejects.toMatchObject(invalid);
  await expect(saver.putWrites(config('t', '1'), [['a', 1]], '\ud800')).rejects.toMatchObject(invalid);
  expect(await redis.cli('KEYS', 'langgraph:*')).toBe('[]');
});
