import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import {
  createRedisManager,
  prometheusText,
  type RedisManager,
  type RedisManagerOptions,
} from '../../src/index.ts';

async function started(
  options: RedisManagerOptions = {},
): Promise<{ redis: TestRedis; manager: RedisManager }> {
  const redis = await startRedis();
  const manager = createRedisManager({ url: redis.url, allowSecond: true, ...options });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 10_000 });
  return { redis, manager };
}

/** Lines of the text, without comments: series → value. */
function series(manager: RedisManager): Map<string, number> {
  const lines = prometheusText(manager.metrics()).split('\n');
  return new Map(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

test('calls are counted by command and outcome, in a histogram that adds up', async () => {
  const { manager } = await started();
  for (let n = 0; n < 5; n++) await manager.commands.set('a', '1');
  await expect(manager.commands.lPush('a', '1')).rejects.toMatchObject({ code: 'wrongtype' });
  const figures = series(manager);
  expect(figures.get('taproot_redis_calls_total{command="SET",outcome="ok"}')).toBe(5);
  expect(figures.get('taproot_redis_calls_total{command="LPUSH",outcome="wrongtype"}')).toBe(1);
  const calls = [...figures].filter(([name]) => name.startsWith('taproot_redis_calls_total'));
  const total = calls.reduce((sum, [, value]) => sum + value, 0);
  expect(figures.get('taproot_redis_call_duration_seconds_count')).toBe(total);
  expect(figures.get('taproot_redis_call_duration_seconds_bucket{le="+Inf"}')).toBe(total);
});

test('every series is one that Prometheus reads: named once, with its type, cumulative buckets', async () => {
  const { manager } = await started();
  await manager.call(['we"ird\n{name}', 'x']).catch(() => undefined);
  const text = prometheusText(manager.metrics());
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name]) => name);
  expect(new Set(types).size).toBe(types.length);
  for (const line of text.split('\n').filter((line) => line !== '' && !line.startsWith('#')))
    expect(line).toMatch(/^[a-z_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? (\d|\+Inf)[\d.e+-]*$/);
  const buckets = [...text.matchAll(/_bucket\{le="[^"]+"\} (\d+)/g)].map(([, count]) => Number(count));
  expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
});

test('a lost server shows in the state, and a new connection is counted', async () => {
  const { redis, manager } = await started();
  const made = 'taproot_redis_connections_made_total{role="command"';
  const madeNow = (): number | undefined => [...series(manager)].find(([name]) => name.startsWith(made))?.[1];
  expect([series(manager).get('taproot_redis_ready'), madeNow()]).toEqual([1, 1]);
  await redis.kill();
  await eventually(() => expect(series(manager).get('taproot_redis_ready')).toBe(0));
  const waiting = manager.call(['GET', 'x'], { deadlineMs: 10_000 });
  expect([...series(manager)].find(([name]) => name.startsWith('taproot_redis_waiting_calls'))?.[1]).toBe(1);
  await redis.restart();
  await waiting;
  await eventually(() => expect([series(manager).get('taproot_redis_ready'), madeNow()]).toEqual([1, 2]));
});

test('what is lent is a figure by driver, owner and purpose, and what the budget refused is counted', async () => {
  const { manager } = await started({ maxLoans: 3 });
  const mailer = { owner: 'mailer', purpose: 'queue "mails"\\n' };
  const first = await manager.lend('node-redis', mailer);
  await manager.lend('node-redis', mailer);
  await first.duplicate().connect();
  const lent = 'taproot_redis_loans{driver="node-redis",owner="mailer",purpose="queue \\"mails\\"\\\\n"}';
  expect(series(manager).get(lent)).toBe(3);
  expect(series(manager).get('taproot_redis_loans_max')).toBe(3);
  expect(series(manager).get('taproot_redis_loans_refused_total')).toBe(0);
  await expect(manager.lend('ioredis', { owner: 'other', purpose: 'x' })).rejects.toMatchObject({
    code: 'loan-budget',
  });
  expect(series(manager).get('taproot_redis_loans_refused_total')).toBe(1);
  first.destroy();
  await eventually(() => expect(series(manager).get(lent)).toBe(2));
});
