import { DeltaSnapshot, ERROR, INTERRUPT } from '@langchain/langgraph-checkpoint';
import { startRedis, type TestRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { RedisCheckpointer } from '../../src/langgraph/index.ts';
import { readyManager } from '../support/ready-manager.ts';
import { all, checkpoint, config, METADATA } from './support.ts';

async function fieldsOf(redis: TestRedis, thread: string): Promise<string[]> {
  return JSON.parse(await redis.cli('HKEYS', `langgraph:{${thread}}:data`)) as string[];
}

test('values come back as they were: bytes, sets, maps, large and hostile ones', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url));
  const values = {
    bytes: Uint8Array.from({ length: 5000 }, (_, n) => n & 255),
    few: new Uint8Array([0, 255, 10, 13]),
    set: new Set([1, 'two']),
    map: new Map([['key', { deep: [null, true] }]]),
    nothing: null,
    missing: undefined,
    text: 'é🦊\0\n'.repeat(1000),
    snapshot: new DeltaSnapshot(['a']),
    ['__proto__']: { polluted: true },
    constructor: 'x',
  };
  await saver.put(config('t'), checkpoint('1', values), METADATA, checkpoint('1', values).channel_versions);
  await saver.putWrites(config('t', '1'), Object.entries(values), 'task');
  const tuple = await saver.getTuple(config('t'));
  expect(tuple?.checkpoint.channel_values).toEqual(values);
  expect(tuple?.pendingWrites).toEqual(
    Object.entries(values).map(([channel, value]) => ['task', channel, value]),
  );
  expect(Object.hasOwn(tuple?.checkpoint.channel_values ?? {}, '__proto__')).toBe(true);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test('a large value that many checkpoints have is stored once', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url));
  const documents = 'x'.repeat(1_000_000);
  for (let n = 1; n <= 50; n++) {
    const step = checkpoint(`${n + 100}`, { documents, n });
    await saver.put(config('t', `${n + 99}`), step, METADATA, { n });
  }
  expect(Number(await redis.cli('MEMORY', 'USAGE', 'langgraph:{t}:data', 'SAMPLES', '0'))).toBeLessThan(
    2_000_000,
  );
  for (const tuple of await all(saver.list(config('t'))))
    expect(tuple.checkpoint.channel_values).toMatchObject({ documents });
});

test('a copy without parent keeps what its namespace has written, and nothing else', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url));
  const root = checkpoint('1', { input: 'hi' });
  await saver.put(config('t'), root, METADATA, root.channel_versions);
  await saver.put(config('t', '1'), checkpoint('2', { answer: 'there' }), METADATA, { answer: 1 });
  // As `updateState(…, '__copy__')` copies the first checkpoint of a thread.
  await saver.put(config('t'), { ...root, id: '3' }, { ...METADATA, source: 'fork' }, {});
  expect((await saver.getTuple(config('t', '3')))?.checkpoint.channel_values).toEqual({ input: 'hi' });
  await saver.put(config('other'), { ...root, id: '3' }, METADATA, {});
  expect((await saver.getTuple(config('other')))?.checkpoint.channel_values).toEqual({});
});

test('branches from one checkpoint keep their own values, although their channels have equal versions', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url));
  const texts = ['a', 'b'].map((letter) => letter.repeat(5000));
  await saver.put(config('t'), checkpoint('1', { text: 'root' }), METADATA, { text: 1 });
  for (const [n, text] of texts.entries())
    await saver.put(config('t', '1'), checkpoint(`2${n}`, { text }), METADATA, { text: 2 });
  for (const [n, text] of texts.entries())
    expect((await saver.getTuple(config('t', `2${n}`)))?.checkpoint.channel_values).toEqual({ text });
});

test('a task’s writes are stored once, but errors and interrupts take the place of the last', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url));
  await saver.put(config('t'), checkpoint('1'), METADATA, {});
  const write = (mark: string): Promise<void> =>
    saver.putWrites(
      config('t', '1'),
      [
        ['a', mark],
        [ERROR, mark],
        ['b', mark],
        [INTERRUPT, mark],
      ],
      'task',
    );
  await write('first');
  await write('second');
  expect((await saver.getTuple(config('t', '1')))?.pendingWrites).toEqual([
    ['task', INTERRUPT, 'second'],
    ['task', ERROR, 'second'],
    ['task', 'a', 'first'],
    ['task', 'b', 'first'],
  ]);
});

test('writes are in the order of their paths, tasks and numbers, by code points', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url));
  await saver.put(config('t'), checkpoint('1'), METADATA, {});
  const many: [string, string][] = Array.from({ length: 12 }, (_, n) => ['c', String(n)]);
  const tasks = [
    ['🦊', 'p1'],
    ['\uffff', 'p1'],
    ['z', ''],
    ['a', 'p2'],
    ['B', 'p1'],
  ] as const;
  for (const [task, path] of tasks) await saver.putWrites(config('t', '1'), many, task, path);
  const writes = (await saver.getTuple(config('t', '1')))?.pendingWrites ?? [];
  expect([...new Set(writes.map(([task]) => task))]).toEqual(['z', 'B', '\uffff', '🦊', 'a']);
  expect(writes.slice(0, 12).map(([, , value]) => value)).toEqual(many.map(([, n]) => n));
});

test('writes may come before their checkpoint, which is not there until it is put', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url));
  await saver.putWrites(config('t', '1'), [['a', 1]], 'task');
  expect(await saver.getTuple(config('t', '1'))).toBeUndefined();
  expect(await saver.getTuple(config('t'))).toBeUndefined();
  expect(await all(saver.list(config('t')))).toEqual([]);
  await saver.put(config('t'), checkpoint('1'), METADATA, {});
  expect((await saver.getTuple(config('t')))?.pendingWrites).toEqual([['task', 'a', 1]]);
});

test('a deleted thread leaves no key, and begins anew', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url));
  for (const thread of ['t', 'u']) {
    await saver.put(config(thread), checkpoint('1', { text: 'x'.repeat(2000) }), METADATA, { text: 1 });
    await saver.putWrites(config(thread, '1', 'child'), [['a', 1]], 'task');
  }
  await saver.deleteThread('t');
  const left = JSON.parse(await redis.cli('KEYS', 'langgraph:*')) as string[];
  expect(left.sort()).toEqual(['langgraph:{u}:data', 'langgraph:{u}:index']);
  await saver.put(config('t'), checkpoint('2'), METADATA, {});
  expect((await saver.getTuple(config('t')))?.checkpoint.id).toBe('2');
});

test('a thread with a lifetime ends as a whole, and each write prolongs it', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url), { ttlMs: 60_000 });
  const left = async (key: string): Promise<number> =>
    Number(await redis.cli('PTTL', `langgraph:{t}:${key}`));
  await saver.put(config('t'), checkpoint('1'), METADATA, {});
  for (const key of ['index', 'data']) await redis.cli('PEXPIRE', `langgraph:{t}:${key}`, '1000');
  await saver.putWrites(config('t', '1'), [['a', 1]], 'task');
  expect(await left('index')).toBeGreaterThan(50_000);
  expect(Math.abs((await left('index')) - (await left('data')))).toBeLessThan(5000);
});

test('what is too large is refused before anything is stored', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url), { maxBytes: 10_000 });
  const values = { a: 'x'.repeat(6000), b: 'y'.repeat(6000) };
  const tooLarge = { code: 'too-large', applied: 'no' };
  const put = saver.put(config('t'), checkpoint('1', values), METADATA, { a: 1, b: 1 });
  await expect(put).rejects.toMatchObject(tooLarge);
  const writes = saver.putWrites(config('t', '1'), Object.entries(values), 'task');
  await expect(writes).rejects.toMatchObject(tooLarge);
  expect(await fieldsOf(redis, 't')).toEqual([]);
});

test('a damaged checkpoint is an error, not a wrong value', async () => {
  const redis = await startRedis();
  const saver = new RedisCheckpointer(await readyManager(redis.url));
  const text = 'x'.repeat(2000);
  await saver.put(config('t'), checkpoint('1', { text }), METADATA, { text: 1 });
  const value = (await fieldsOf(redis, 't')).find((field) => field.startsWith('b')) ?? '';
  await redis.cli('HDEL', 'langgraph:{t}:data', value);
  await expect(saver.getTuple(config('t'))).rejects.toMatchObject({ code: 'codec' });
  await redis.cli('HSET', 'langgraph:{t}:data', 'c\x001', 'nonsense');
  await expect(saver.getTuple(config('t'))).rejects.toMatchObject({ code: 'codec' });
});
