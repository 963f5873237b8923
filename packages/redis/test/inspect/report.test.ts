import { describe, expect, test } from 'vitest';
import type { InspectProgress } from '../../src/index.ts';
import { clientOf, inspected } from './support.ts';

test('the slow log is told without arguments, and with the name of the connection', async () => {
  const { redis, inspect } = await inspected(['--slowlog-log-slower-than', '0']);
  const client = await clientOf(redis, 'shop:loan:writer');
  await client.set('token:hunter2', 'hunter2');
  await client.sendCommand(['EVAL', "return 'hunter2'", '0']);
  await client.sendCommand(['hunter2-is-no-command!']).catch(() => undefined);
  const { slowLog, ...rest } = await inspect({ top: 1000 });
  expect(slowLog?.slowest).toEqual(
    expect.arrayContaining([expect.objectContaining({ command: 'SET', client: 'shop:loan:writer' })]),
  );
  expect(slowLog?.thresholdMs).toBe(0);
  expect(slowLog?.slowest.map(({ durationMs }) => durationMs)).toEqual(
    slowLog?.slowest.map(({ durationMs }) => durationMs).toSorted((a, b) => b - a),
  );
  expect(JSON.stringify({ slowLog, rest })).not.toContain('hunter2');
});

test('values are never read, and keys do not count as used', async () => {
  const { redis, inspect } = await inspected(['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lfu']);
  await redis.cli('SET', 'user:1', 'hunter2');
  await redis.cli('CONFIG', 'RESETSTAT');
  const before = await redis.cli('OBJECT', 'FREQ', 'user:1');
  for (let n = 0; n < 20; n++) await inspect();
  expect(await redis.cli('OBJECT', 'FREQ', 'user:1')).toBe(before);
  const stats = await redis.cli('INFO', 'commandstats');
  expect(stats).toMatch(/cmdstat_memory\|usage/);
  expect(stats).not.toMatch(/cmdstat_(hgetall|lrange|smembers|zrange|xrange|dump|getrange)/);
});

test('the server tells of its memory, its disk and its databases', async () => {
  const { redis, inspect } = await inspected(['--appendonly', 'yes', '--maxmemory', '50mb']);
  const { servers, findings } = await inspect();
  expect(servers).toMatchObject([
    {
      node: `127.0.0.1:${redis.port}`,
      mode: 'standalone',
      role: 'master',
      memory: { maxBytes: 50 * 2 ** 20, policy: 'noeviction' },
      persistence: { aof: true, fsync: 'everysec', save: '', ok: true },
      databases: [{ index: 0 }],
    },
  ]);
  expect(findings.map(({ code }) => code)).not.toContain('not-persistent');
  await redis.cli('CONFIG', 'SET', 'appendonly', 'no');
  expect((await inspect()).findings.map(({ code }) => code)).toContain('not-persistent');
});

test('progress grows to the number of keys', async () => {
  const { redis, inspect } = await inspected();
  await redis.cli('EVAL', "for i = 1, 3000 do redis.call('SET', 'user:' .. i, i) end", '0');
  const seen: InspectProgress[] = [];
  await inspect({ onProgress: (progress) => seen.push(progress) });
  expect(seen.length).toBeGreaterThan(3);
  expect(seen.map(({ scanned }) => scanned)).toEqual(
    seen.map(({ scanned }) => scanned).toSorted((a, b) => a - b),
  );
  expect(seen.at(-1)?.scanned).toBeGreaterThanOrEqual(3000);
});

describe('an inspection', () => {
  test('that is aborted rejects', async () => {
    const { redis, inspect } = await inspected();
    await redis.cli('EVAL', "for i = 1, 3000 do redis.call('SET', 'user:' .. i, i) end", '0');
    const ending = new AbortController();
    const report = inspect({
      signal: ending.signal,
      onProgress: ({ scanned }) => scanned > 0 && ending.abort(),
    });
    await expect(report).rejects.toMatchObject({ code: 'aborted' });
  });

  test('of a server that does not answer rejects within the deadline of one command', async () => {
    const { redis, inspect } = await inspected();
    redis.freeze();
    await expect(inspect({ deadlineMs: 200 })).rejects.toMatchObject({ retryable: expect.any(Boolean) });
    redis.thaw();
  });

  test.each([{ maxSamples: 0 }, { maxMs: Number.NaN }, { top: -1 }, { deadlineMs: 0 }])(
    'with %j is refused',
    async (options) => {
      const { inspect } = await inspected();
      await expect(inspect(options)).rejects.toMatchObject({ code: 'invalid-options' });
    },
  );
});
