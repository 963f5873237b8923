import { eventually, faultProxy, startRedis, type TestRedis } from '@taproot/testkit';
import { createClient } from 'redis';
import { expect, onTestFinished, test } from 'vitest';
import { riskOf } from '../src/commands/risk.ts';
import { RetryBudget } from '../src/connection/retry-budget.ts';
import { createRedisManager, type RedisManager, type RedisManagerOptions } from '../src/index.ts';

async function managerAt(port: number, options: RedisManagerOptions = {}): Promise<RedisManager> {
  const manager = createRedisManager({ url: `redis://127.0.0.1:${port}`, ...options });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 10_000 });
  return manager;
}

/** Counts, tells that it did, and keeps the server busy, so that the reply can be lost after the command was applied. */
const COUNT_SLOWLY = `redis.call('INCR', KEYS[1])
  local till = redis.call('TIME')[1] + 2
  while tonumber(redis.call('TIME')[1]) < till do end
  return 'done'`;

test('a read whose reply was lost is sent again; an increment is not, and the counter is 1', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: { port: redis.port } });
  const manager = await managerAt(proxy.port, { deadlineMs: 20_000 });
  await redis.cli('SET', 'text', 'hello');
  const counted = manager.call(['EVAL', COUNT_SLOWLY, '1', 'counter']);
  const failed = expect(counted).rejects.toMatchObject({
    code: 'connection-lost',
    applied: 'unknown',
    retryable: false,
  });
  await untilBusy(redis);
  const read = manager.call(['GET', 'text']);
  await new Promise((resolve) => setImmediate(resolve));
  // Both were written by now, and neither was answered.
  proxy.reset();
  await failed;
  expect(await read).toBe('hello');
  expect(await redis.cli('GET', 'counter')).toBe('1');
});

/** A server that executes a script answers nobody. */
async function untilBusy(redis: TestRedis): Promise<void> {
  await eventually(async () => {
    const silence = new Promise<string>((resolve) => setTimeout(resolve, 200, 'silence'));
    expect(await Promise.race([redis.cli('PING'), silence])).toBe('silence');
  });
}

test('a caller with the profile cache is refused at once while there is no connection', async () => {
  const redis = await startRedis();
  const manager = await managerAt(redis.port);
  await redis.kill();
  await eventually(() => expect(manager.state).toBe('down'));
  const call = manager.call(['GET', 'k'], { profile: 'cache' });
  await expect(call).rejects.toMatchObject({ code: 'not-ready', applied: 'no', retryable: true });
});

test('a caller with the profile worker waits for the connection', async () => {
  const redis = await startRedis();
  const manager = await managerAt(redis.port);
  await redis.kill();
  await eventually(() => expect(manager.state).toBe('down'));
  const call = manager.call(['SET', 'k', 'v'], { profile: 'worker' });
  await redis.restart();
  expect(await call).toBe('OK');
});

test('what waits for a connection is bounded in bytes', async () => {
  const redis = await startRedis();
  const manager = await managerAt(redis.port, { maxQueuedBytes: 1000, deadlineMs: 500 });
  await redis.kill();
  await eventually(() => expect(manager.state).toBe('down'));
  const first = expect(manager.call(['SET', 'k', 'x'.repeat(900)])).rejects.toMatchObject({
    code: 'timeout',
    applied: 'no',
  });
  await expect(manager.call(['SET', 'k', 'x'.repeat(900)])).rejects.toMatchObject({
    code: 'queue-full',
    applied: 'no',
  });
  await first;
});

test('when nothing is answered the breaker opens, and a probe that is answered closes it', async () => {
  const redis = await startRedis();
  const manager = await managerAt(redis.port, { probeIntervalMs: 2000 });
  redis.freeze();
  const calls = Array.from({ length: 30 }, () => manager.call(['GET', 'k'], { deadlineMs: 50 }));
  for (const result of await Promise.allSettled(calls))
    expect(result).toMatchObject({ reason: { code: 'timeout' } });
  await expect(manager.call(['GET', 'k'])).rejects.toMatchObject({
    code: 'circuit-open',
    applied: 'no',
    retryable: true,
  });
  // Who must have it is let through.
  await expect(manager.call(['GET', 'k'], { profile: 'critical', deadlineMs: 50 })).rejects.toMatchObject({
    code: 'timeout',
  });
  redis.thaw();
  await eventually(async () => expect(await manager.call(['GET', 'k'])).toBe(null));
});

test('errors that Redis replies do not open the breaker', async () => {
  const redis = await startRedis();
  const manager = await managerAt(redis.port);
  await manager.call(['SET', 'text', 'x']);
  await Promise.allSettled(Array.from({ length: 50 }, () => manager.call(['LPUSH', 'text', 'y'])));
  expect(await manager.call(['GET', 'text'])).toBe('x');
});

test('a retry budget is spent, and earned by calls', () => {
  const budget = new RetryBudget();
  let spent = 0;
  while (budget.spend()) spent++;
  expect(spent).toBe(100);
  for (let call = 0; call < 21; call++) budget.earn();
  expect([budget.spend(), budget.spend(), budget.spend()]).toEqual([true, true, false]);
});

test('no command that writes counts as a read', async () => {
  const redis = await startRedis();
  const client = createClient({ url: redis.url });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.destroy());
  const commands = await client.command();
  expect(commands.length).toBeGreaterThan(200);
  const wrong = commands.filter(
    ({ name, flags }) => ([...flags] as string[]).includes('write') && riskOf([name]) === 'read',
  );
  expect(wrong.map(({ name }) => name)).toEqual([]);
});

test.each([
  [['SET', 'k', 'v'], 'last-write-wins'],
  [['SET', 'k', 'v', 'PX', '5', 'NX'], 'accumulating'],
  [['SET', 'k', 'v', 'GET'], 'accumulating'],
  [['ZADD', 'k', 'INCR', '1', 'm'], 'accumulating'],
  [['INCR', 'k'], 'accumulating'],
  [['get', 'k'], 'read'],
  [['NO-SUCH-COMMAND'], 'accumulating'],
])('%j twice risks: %s', (args, risk) => {
  expect(riskOf(args)).toBe(risk);
});

test('a manager whose breaker opened before its connection was lost becomes ready again', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: { port: redis.port } });
  const manager = await managerAt(proxy.port);
  redis.freeze();
  await Promise.allSettled(Array.from({ length: 40 }, () => manager.call(['GET', 'k'], { deadlineMs: 50 })));
  await expect(manager.call(['GET', 'k'])).rejects.toMatchObject({ code: 'circuit-open' });
  proxy.reset();
  await eventually(() => expect(manager.state).toBe('down'));
  redis.thaw();
  await manager.ready({ timeoutMs: 10_000 });
  expect(await manager.call(['GET', 'k'])).toBe(null);
});
