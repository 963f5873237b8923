import { eventually, faultProxy, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { RateLimit } from '../../src/rate-limit/index.ts';
import { readyManager } from '../support/ready-manager.ts';

const HOUR_MS = 3_600_000;

/** Lets time pass for a key, by setting back when its limits were charged. */
async function pass(redis: TestRedis, key: string, ms: number): Promise<void> {
  const fields = JSON.parse(await redis.cli('HGETALL', key)) as string[];
  for (let i = 0; i < fields.length; i += 2) {
    const [used = '', at] = (fields[i + 1] ?? '').split(' ');
    await redis.cli('HSET', key, fields[i] ?? '', `${used} ${Number(at) - ms * 1000}`);
  }
}

test('a burst is admitted to the last unit and not one more, whoever asks and however many at once', async () => {
  const redis = await startRedis();
  const managers = await Promise.all([1, 2].map(() => readyManager(redis.url)));
  const limits = { hour: { count: 50, periodMs: HOUR_MS } };
  const rateLimits = managers.map(
    (manager) => new RateLimit(manager, { name: 'api', limits, fails: 'closed' }),
  );
  const results = await Promise.all(
    rateLimits.flatMap((rateLimit) => Array.from({ length: 40 }, () => rateLimit.take('ann'))),
  );
  expect(results.filter(({ failure }) => failure !== undefined)).toEqual([]);
  expect(results.filter(({ allowed }) => allowed)).toHaveLength(50);
  expect((await rateLimits[0]?.take('bob'))?.remaining).toBe(49);
});

test('a request that is refused says when it fits, and then it does', async () => {
  const redis = await startRedis();
  const limits = { hour: { count: 3, periodMs: HOUR_MS } };
  const rateLimit = new RateLimit(await readyManager(redis.url), { name: 'api', limits });
  for (const remaining of [2, 1, 0])
    expect(await rateLimit.take('ann')).toMatchObject({ allowed: true, remaining });
  const refused = await rateLimit.take('ann');
  expect(refused).toMatchObject({ allowed: false, remaining: 0, limitedBy: 'hour', failure: undefined });
  // A third of an hour for each, less what the test took.
  expect(refused.retryAfterMs).toBeGreaterThan(HOUR_MS / 3 - 30_000);
  expect(refused.retryAfterMs).toBeLessThanOrEqual(HOUR_MS / 3);
  expect(refused.resetMs).toBeGreaterThan(HOUR_MS - 30_000);
  expect(refused.resetMs).toBeLessThanOrEqual(HOUR_MS);
  await pass(redis, 'rate:api:ann', refused.retryAfterMs - 30_000);
  expect((await rateLimit.take('ann')).allowed).toBe(false);
  await pass(redis, 'rate:api:ann', 30_000);
  expect(await rateLimit.take('ann')).toMatchObject({ allowed: true, retryAfterMs: 0 });
  expect((await rateLimit.take('ann')).allowed).toBe(false);
});

test('units come back steadily in real time', async () => {
  const redis = await startRedis();
  const limits = { tenth: { count: 1, periodMs: 100 } };
  const rateLimit = new RateLimit(await readyManager(redis.url), { name: 'api', limits, fails: 'closed' });
  expect((await rateLimit.take('ann')).allowed).toBe(true);
  await eventually(async () => expect((await rateLimit.take('ann')).allowed).toBe(true));
});

test('all limits admit a request or none is charged', async () => {
  const redis = await startRedis();
  const limits = { burst: { count: 2, periodMs: HOUR_MS }, day: { count: 1000, periodMs: 24 * HOUR_MS } };
  const rateLimit = new RateLimit(await readyManager(redis.url), { name: 'api', limits });
  for (const _ of [1, 2]) await rateLimit.take('ann');
  expect(await rateLimit.take('ann')).toMatchObject({ allowed: false, limitedBy: 'burst' });
  const used = JSON.parse(await redis.cli('HMGET', 'rate:api:ann', 'burst', 'day')) as string[];
  expect(used.map((text) => Math.round(Number(text.split(' ')[0])))).toEqual([2, 2]);
});

test('a request may cost more than one, and nothing only looks', async () => {
  const redis = await startRedis();
  const limits = { tokens: { count: 2_000_000, periodMs: 60 * HOUR_MS, burst: 100 } };
  const rateLimit = new RateLimit(await readyManager(redis.url), { name: 'model', limits });
  expect(await rateLimit.take('ann', 0)).toMatchObject({ allowed: true, remaining: 100, resetMs: 0 });
  expect(await redis.cli('EXISTS', 'rate:model:ann')).toBe('0');
  expect((await rateLimit.take('ann', 100)).allowed).toBe(true);
  const charged = await redis.cli('HGETALL', 'rate:model:ann');
  expect((await rateLimit.take('ann', 0)).allowed).toBe(true);
  expect(await redis.cli('HGETALL', 'rate:model:ann')).toBe(charged);
  expect(await rateLimit.take('ann', 50)).toMatchObject({ allowed: false });
  await expect(rateLimit.take('ann', 101)).rejects.toMatchObject({ code: 'invalid-options' });
  await rateLimit.reset('ann');
  expect(await rateLimit.take('ann', 0)).toMatchObject({ remaining: 100 });
});

test('what is full again is forgotten by Redis, and not sooner because a limit was added', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const day = { count: 24, periodMs: 24 * HOUR_MS };
  const old = new RateLimit(manager, { name: 'api', limits: { day } });
  await old.take('ann', 12);
  expect(Number(await redis.cli('PTTL', 'rate:api:ann'))).toBeGreaterThan(11.9 * HOUR_MS);
  expect(Number(await redis.cli('PTTL', 'rate:api:ann'))).toBeLessThanOrEqual(12 * HOUR_MS);
  // The next version, while the old one is still running.
  const next = new RateLimit(manager, { name: 'api', limits: { second: { count: 5, periodMs: 1000 } } });
  await next.take('ann');
  expect(Number(await redis.cli('PTTL', 'rate:api:ann'))).toBeGreaterThan(11.9 * HOUR_MS);
  expect((await old.take('ann', 0)).remaining).toBe(12);
});

test('a clock of Redis that jumped back does not lock anybody out', async () => {
  const redis = await startRedis();
  const limits = { hour: { count: 2, periodMs: HOUR_MS } };
  const rateLimit = new RateLimit(await readyManager(redis.url), { name: 'api', limits });
  await rateLimit.take('ann', 2);
  await pass(redis, 'rate:api:ann', -48 * HOUR_MS);
  expect((await rateLimit.take('ann')).retryAfterMs).toBeLessThanOrEqual(HOUR_MS / 2);
  await pass(redis, 'rate:api:ann', HOUR_MS / 2);
  expect((await rateLimit.take('ann')).allowed).toBe(true);
});

test.each(['open', 'closed'] as const)(
  'what Redis does not decide fails %s, and is decided by Redis again when it is back',
  async (fails) => {
    const redis = await startRedis();
    const proxy = await faultProxy({ target: redis.url });
    const manager = await readyManager(proxy.url, { probeIntervalMs: 100 });
    const limits = { hour: { count: 10, periodMs: HOUR_MS } };
    const rateLimit = new RateLimit(manager, { name: 'api', limits, fails });
    const undecided = async (): Promise<void> =>
      expect(await rateLimit.take('ann')).toMatchObject({
        allowed: fails === 'open',
        failure: { name: 'RedisManagerError' },
      });
    const decided = (): Promise<void> =>
      eventually(
        async () => {
          expect(manager.state).toBe('ready');
          expect(await rateLimit.take('ann', 0)).toMatchObject({ allowed: true, failure: undefined });
        },
        { timeoutMs: 20_000, everyMs: 100 },
      );
    redis.freeze();
    await undecided();
    redis.thaw();
    await decided();
    await redis.kill();
    await undecided();
    await redis.restart();
    await decided();
    proxy.halfOpen();
    await undecided();
    await proxy.restore();
    await decided();
    await redis.cli('SCRIPT', 'FLUSH');
    expect(await rateLimit.take('ann')).toMatchObject({ allowed: true, failure: undefined });
    await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
    expect(await rateLimit.take('ann')).toMatchObject({
      allowed: fails === 'open',
      failure: { code: 'oom' },
    });
  },
);

test('any text is a key of its own, and options that cannot be are refused', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const limits = { hour: { count: 1, periodMs: HOUR_MS } };
  const rateLimit = new RateLimit(manager, { name: 'api', limits, fails: 'closed' });
  const hostile = [
    '{',
    '}',
    '{}',
    'a b',
    'a\r\nb',
    '\u0000',
    '*',
    '日本',
    '::1',
    'x'.repeat(10_000),
    `${'x'.repeat(10_000)}y`,
  ];
  for (const key of hostile)
    expect(await rateLimit.take(key)).toMatchObject({ allowed: true, failure: undefined });
  expect(JSON.parse(await redis.cli('KEYS', 'rate:api:*'))).toHaveLength(hostile.length);
  await expect(rateLimit.take('')).rejects.toMatchObject({ code: 'invalid-options' });
  for (const cost of [-1, Number.NaN])
    await expect(rateLimit.take('a', cost)).rejects.toMatchObject({ code: 'invalid-options' });
  const wrong = [
    {},
    { 'a b': { count: 1, periodMs: 1 } },
    { a: { count: 0, periodMs: 1 } },
    { a: { count: 1, periodMs: 0 } },
    { a: { count: 1, periodMs: 1e14 } },
    { a: { count: 1, periodMs: 1, burst: 0 } },
  ];
  for (const each of wrong)
    expect(() => new RateLimit(manager, { name: 'api', limits: each })).toThrow(
      expect.objectContaining({ code: 'invalid-options' }),
    );
});
