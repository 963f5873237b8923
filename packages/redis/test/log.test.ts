import { createHash, randomUUID } from 'node:crypto';
import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  createRedisManager,
  defineScript,
  type LogEntry,
  type LogKeys,
  logKeys,
  type RedisManager,
  type TailItem,
  type TailOptions,
} from '../src/index.ts';
import { LOG_LUA } from '../src/log/lua.ts';

let redis: TestRedis;
let manager: RedisManager;

beforeAll(async () => {
  redis = await startRedis();
  manager = createRedisManager({ url: redis.url });
  await manager.ready({ timeoutMs: 10_000 });
});
afterAll(async () => {
  await manager.close();
  await redis.stop();
});

/** A log of its own for one test. */
async function newLog(): Promise<LogKeys> {
  const keys = logKeys(`test:{${randomUUID()}}`);
  await manager.log.create(keys);
  return keys;
}

function append(keys: LogKeys, i: number): Promise<unknown> {
  return manager.log.append(keys, { data: { data: { i } } });
}

/** Follows a log into a list until the test ends. */
function follow(
  keys: LogKeys,
  after?: TailOptions['after'],
): { items: TailItem[]; entries: () => LogEntry[] } {
  const items: TailItem[] = [];
  const abort = new AbortController();
  const done = (async () => {
    for await (const item of manager.log.tail(keys, { signal: abort.signal, ...(after && { after }) }))
      items.push(item);
  })();
  onTestFinished(async () => {
    abort.abort();
    await done;
  });
  return { items, entries: () => items.flatMap((item) => (item.kind === 'entry' ? [item.entry] : [])) };
}

function chainOf({ prev, seq, body }: LogEntry): string {
  return createHash('sha1').update(`${prev}:${seq}:${body}`).digest('hex').slice(0, 20);
}

function expectUnbroken(entries: readonly LogEntry[], from = 1): void {
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => from + index));
  for (const [index, entry] of entries.entries()) {
    expect(entry.chain).toBe(chainOf(entry));
    if (index > 0) expect(entry.prev).toBe(entries[index - 1]?.chain);
  }
}

describe('append', () => {
  test('gives 1, 2, 3, … without holes to concurrent writers, and each entry the hash of its predecessor', async () => {
    const keys = await newLog();
    await Promise.all(Array.from({ length: 500 }, (_, i) => append(keys, i)));
    const entries = await Array.fromAsync(manager.log.readAll(keys));
    expect(entries).toHaveLength(500);
    expectUnbroken(entries);
    expect(entries[0]?.prev).toBe((await manager.log.head(keys))?.origin);
  });

  test('stores an idempotency key once, and refuses it with other content', async () => {
    const keys = await newLog();
    const once = { key: `${keys.head}:ids`, id: 'user message-1', digest: 'a' };
    const first = await manager.log.append(keys, { data: { data: 1 }, once });
    const again = await manager.log.append(keys, { data: { data: 1 }, once });
    expect(again).toEqual({ ...first, duplicate: true });
    const other = manager.log.append(keys, { data: { data: 2 }, once: { ...once, digest: 'b' } });
    await expect(other).rejects.toMatchObject({ code: 'id-reused', applied: 'no' });
    expect((await manager.log.head(keys))?.seq).toBe(1);
  });

  test('refuses a fence that is not the present one, and stores a repeated n once', async () => {
    const keys = await newLog();
    const key = `${keys.head}:run`;
    await redis.cli('HSET', key, 'fence', '2');
    const append = (fence: number, n: number): Promise<unknown> =>
      manager.log.append(keys, { data: { data: n }, guard: { key, fence, n } });
    const first = await append(2, 1);
    expect(await append(2, 1)).toEqual({ ...(first as object), duplicate: true });
    await expect(append(1, 2)).rejects.toMatchObject({ code: 'fence', applied: 'no' });
    await append(2, 2);
    await redis.cli('HSET', key, 'fence', '3');
    await expect(append(2, 3)).rejects.toMatchObject({ code: 'fence' });
    expect((await manager.log.head(keys))?.seq).toBe(2);
  });

  test('refuses a producer of whose entries Redis has lost some', async () => {
    const keys = await newLog();
    const key = `${keys.head}:run`;
    await redis.cli('HSET', key, 'fence', '1');
    const append = (n: number): Promise<unknown> =>
      manager.log.append(keys, { data: { data: n }, guard: { key, fence: 1, n } });
    await expect(append(2)).rejects.toMatchObject({ code: 'fence', applied: 'no' });
    const kept = await append(1);
    await expect(append(3)).rejects.toMatchObject({ code: 'fence', applied: 'no' });
    expect(await append(1)).toEqual({ ...(kept as object), duplicate: true });
    await append(2);
    expect((await manager.log.head(keys))?.seq).toBe(2);
  });

  test('refuses a producer whose state is ended, apart from a repetition of its last entry', async () => {
    const keys = await newLog();
    const key = `${keys.head}:run`;
    await redis.cli('HSET', key, 'fence', '1');
    const append = (n: number): Promise<unknown> =>
      manager.log.append(keys, { data: { data: n }, guard: { key, fence: 1, n } });
    const last = await append(1);
    await redis.cli('HSET', key, 'state', 'ended');
    expect(await append(1)).toEqual({ ...(last as object), duplicate: true });
    await expect(append(2)).rejects.toMatchObject({ code: 'fence', applied: 'no' });
    expect((await manager.log.head(keys))?.seq).toBe(1);
  });

  test('to a log that was never created is refused', async () => {
    const keys = logKeys(`test:{${randomUUID()}}`);
    await expect(append(keys, 1)).rejects.toMatchObject({ code: 'log-missing', applied: 'no' });
    expect(await redis.cli('EXISTS', keys.stream)).toBe('0');
  });

  test('works after the server forgot its scripts', async () => {
    const keys = await newLog();
    await append(keys, 1);
    await redis.cli('SCRIPT', 'FLUSH');
    await append(keys, 2);
    expect((await manager.log.head(keys))?.seq).toBe(2);
  });
});

describe('read backwards', () => {
  test('is what is read forwards, newest first, from any entry, whatever their sizes', async () => {
    const keys = await newLog();
    for (let i = 0; i < 150; i++)
      await manager.log.append(keys, { data: { data: 'x'.repeat(i % 40 === 0 ? 300_000 : i) } });
    const forwards = await Array.fromAsync(manager.log.readAll(keys));
    expect(await Array.fromAsync(manager.log.readBack(keys))).toEqual(forwards.toReversed());
    for (const from of [149, 80, 1]) {
      const entries = await Array.fromAsync(manager.log.readBack(keys, from));
      expect(entries).toEqual(forwards.slice(0, from).toReversed());
    }
    expect(await Array.fromAsync(manager.log.readBack(await newLog()))).toEqual([]);
  });
});

describe('tail', () => {
  test('merges history and live without a hole or a duplicate while others append', async () => {
    const keys = await newLog();
    const writing = Promise.all(Array.from({ length: 400 }, (_, i) => append(keys, i)));
    const tails = Array.from({ length: 5 }, () => follow(keys, { seq: 0 }));
    await writing;
    await Promise.all(Array.from({ length: 100 }, (_, i) => append(keys, i)));
    for (const tail of tails) {
      await eventually(() => expect(tail.entries()).toHaveLength(500));
      expectUnbroken(tail.entries());
    }
  });

  test('without a position starts at the head', async () => {
    const keys = await newLog();
    await append(keys, 1);
    const tail = follow(keys);
    await eventually(() => expect(tail.items).toMatchObject([{ kind: 'position', mode: 'live', seq: 1 }]));
    await append(keys, 2);
    await eventually(() => expect(tail.entries().map(({ seq }) => seq)).toEqual([2]));
  });

  test('brings entries that are too large to publish', async () => {
    const keys = await newLog();
    const tail = follow(keys, { seq: 0 });
    await eventually(() => expect(tail.items).toHaveLength(1));
    await manager.log.append(keys, { data: { data: 'x'.repeat(100_000) } });
    await append(keys, 2);
    await eventually(() => expect(tail.entries()).toHaveLength(2));
    expectUnbroken(tail.entries());
  });

  test('repairs what was never published', async () => {
    const keys = await newLog();
    const tail = follow(keys, { seq: 0 });
    await eventually(() => expect(tail.items).toHaveLength(1));
    const silent = defineScript(
      'silent',
      `${LOG_LUA} return log_append(KEYS[1], KEYS[2], 'elsewhere', 'PUBLISH', ARGV[1])`,
    );
    for (const i of [1, 2]) {
      await manager.script(silent, { keys: [keys.stream, keys.head], args: [`"data":${i}}`] });
    }
    // The bound is one second.
    await eventually(() => expect(tail.entries()).toHaveLength(2), { timeoutMs: 5000 });
    await append(keys, 3);
    await eventually(() => expect(tail.entries()).toHaveLength(3));
    expectUnbroken(tail.entries());
  });

  test('whose reader is so slow that live entries are not kept reads them from the stream', async () => {
    const keys = await newLog();
    await append(keys, 1);
    const [first] = await manager.log.read(keys, 1);
    let heard = 0;
    const leave = manager.subscribe(keys.channel, { message: () => heard++ }, { sharded: true });
    onTestFinished(leave);
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const tail = manager.log.tail(keys, { after: { seq: 0 }, signal: abort.signal });
    const seen: LogEntry[] = [];
    const read = async (until: number): Promise<void> => {
      while (seen.length < until) {
        const { value, done } = await tail.next();
        if (done) return;
        if (value?.kind === 'entry') seen.push(value.entry);
      }
    };
    await read(1);
    // A log that is never silent is not looked at: nothing but the tail itself can find what it did not keep.
    const again = `1 ${first?.chain} ${first?.prev} ${first?.body}`;
    const noise = setInterval(() => void manager.call(['PUBLISH', keys.channel, again]), 50);
    onTestFinished(() => clearInterval(noise));
    await eventually(() => expect(heard).toBeGreaterThan(0));
    // It was told to read again when its subscription began; from here on it lives on what is published.
    await append(keys, 2);
    await read(2);
    for (let i = 0; i < 15; i++) await Promise.all(Array.from({ length: 100 }, () => append(keys, i)));
    await eventually(() => expect(heard).toBeGreaterThan(1500));
    void read(1502);
    await eventually(() => expect(seen).toHaveLength(1502), { timeoutMs: 10_000 });
    expectUnbroken(seen);
  });

  test('has no hole after its subscription was killed in the middle', async () => {
    const keys = await newLog();
    const tail = follow(keys, { seq: 0 });
    for (let i = 1; i <= 300; i++) {
      if (i % 100 === 50) await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await append(keys, i);
    }
    await eventually(() => expect(tail.entries()).toHaveLength(300));
    expectUnbroken(tail.entries());
  });
});

describe('a tail whose position the log does not have', () => {
  async function filled(count: number): Promise<{ keys: LogKeys; entries: LogEntry[] }> {
    const keys = await newLog();
    for (let i = 1; i <= count; i++) await append(keys, i);
    return { keys, entries: await Array.fromAsync(manager.log.readAll(keys)) };
  }

  test('because of another chain is reset to the beginning', async () => {
    const { keys } = await filled(3);
    const tail = follow(keys, { seq: 2, chain: 'ffffffffffffffffffff' });
    await eventually(() => expect(tail.entries()).toHaveLength(3));
    expect(tail.items[0]).toMatchObject({
      mode: 'reset',
      reason: 'rollback',
      seq: 0,
      lost: { from: 1, to: 2 },
    });
  });

  test('because it is ahead is reset to the newest mark that the log has', async () => {
    const { keys, entries } = await filled(5);
    const marks = [
      { seq: 7, chain: 'aa' },
      { seq: 4, chain: entries[3]?.chain ?? '' },
      { seq: 1, chain: entries[0]?.chain ?? '' },
    ];
    const tail = follow(keys, { seq: 9, chain: 'bb', marks });
    await eventually(() => expect(tail.entries().map(({ seq }) => seq)).toEqual([5]));
    expect(tail.items[0]).toMatchObject({
      mode: 'reset',
      reason: 'rollback',
      seq: 4,
      lost: { from: 5, to: 9 },
    });
  });

  test('because it was trimmed is reset to what is retained', async () => {
    const { keys, entries } = await filled(10);
    await redis.cli('XTRIM', keys.stream, 'MINID', '6-0');
    await redis.cli('HSET', keys.head, 'first', '6');
    const tail = follow(keys, { seq: 2, chain: entries[1]?.chain ?? '' });
    await eventually(() => expect(tail.entries().map(({ seq }) => seq)).toEqual([6, 7, 8, 9, 10]));
    expect(tail.items[0]).toMatchObject({
      mode: 'reset',
      reason: 'trimmed',
      seq: 5,
      first: 6,
    });
    expect(tail.items[0]).not.toHaveProperty('lost');
  });

  test('just before what is retained is resumed', async () => {
    const { keys, entries } = await filled(10);
    await redis.cli('XTRIM', keys.stream, 'MINID', '6-0');
    await redis.cli('HSET', keys.head, 'first', '6');
    const tail = follow(keys, { seq: 5, chain: entries[4]?.chain ?? '' });
    await eventually(() => expect(tail.entries()).toHaveLength(5));
    expect(tail.items[0]).toMatchObject({ mode: 'resumed', seq: 5 });
  });

  test('because the log is gone is told that it was wiped, and ends', async () => {
    const { keys } = await filled(2);
    const tail = follow(keys, { seq: 0 });
    await eventually(() => expect(tail.entries()).toHaveLength(2));
    await redis.cli('DEL', keys.stream, keys.head);
    await eventually(() =>
      expect(tail.items.at(-1)).toMatchObject({ mode: 'reset', reason: 'wiped', lost: { from: 1, to: 2 } }),
    );
  });

  test('because it was rolled back under an open tail is reset to the fork and follows the new history', async () => {
    const { keys } = await filled(4);
    const tail = follow(keys, { seq: 0 });
    await eventually(() => expect(tail.entries()).toHaveLength(4));
    const fork = tail.entries()[2];
    await redis.cli('XDEL', keys.stream, '4-0');
    await redis.cli('EVAL', "redis.call('DEL', KEYS[1])", '1', keys.stream);
    for (const { seq, body, chain, prev } of tail.entries().slice(0, 3)) {
      await redis.cli('XADD', keys.stream, `${seq}-0`, 'b', body, 'c', chain, 'p', prev);
    }
    await redis.cli('HSET', keys.head, 'seq', '3', 'chain', fork?.chain ?? '');
    await append(keys, 40);
    await eventually(() => expect(tail.entries()).toHaveLength(5));
    const reset = tail.items.find((item) => item.kind === 'position' && item.mode === 'reset');
    expect(reset).toMatchObject({ reason: 'rollback', seq: 3, chain: fork?.chain, lost: { from: 4, to: 4 } });
    expectUnbroken(tail.entries().slice(0, 3).concat(tail.entries().slice(4)));
  });
});
