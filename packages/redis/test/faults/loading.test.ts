import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { createRedisManager, defineScript, type RedisManager } from '../../src/index.ts';
import { Work } from './work.ts';

/** A server with so much to load that it takes seconds, and that answers LOADING meanwhile. */
async function slowLoader(): Promise<{ redis: TestRedis; manager: RedisManager }> {
  const redis = await startRedis({
    args: ['--key-load-delay', '200', '--loading-process-events-interval-bytes', '1024'],
  });
  const manager = createRedisManager({ url: redis.url, allowSecond: true });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 10_000 });
  await Promise.all(
    Array.from({ length: 10_000 }, (_, n) => manager.call(['SET', `key:${n}`, 'x'], { deadlineMs: 20_000 })),
  );
  await redis.cli('SAVE');
  await redis.kill();
  await eventually(() => expect(manager.state).toBe('down'));
  return { redis, manager };
}

test('while a server loads its data calls wait for it, and the state says that it loads', async () => {
  const { redis, manager } = await slowLoader();
  const states: string[] = [];
  manager.on('state', ({ state }) => states.push(state));
  const waiting = manager.call(['GET', 'key:9999'], { deadlineMs: 20_000 });
  await redis.restart();
  expect(await waiting).toBe('x');
  await eventually(() => expect(manager.state).toBe('ready'));
  expect(states).toContain('loading');
});

test('a call that may not wait so long is told that the server loads, and nothing was applied', async () => {
  const { redis, manager } = await slowLoader();
  const restarted = redis.restart();
  await eventually(() => expect(manager.state).toBe('loading'));
  const work = new Work(manager);
  await eventually(() => expect([...work.codes]).toContain('loading'));
  await restarted;
  await eventually(() => expect(work.tally.ok).toBeGreaterThan(0));
  await work.stop();
  await work.expectTrue(redis);
  expect(work.tally.no).toBeGreaterThan(0);
});

test('a server that has forgotten all scripts is given them again', async () => {
  const redis = await startRedis();
  const manager = createRedisManager({ url: redis.url, allowSecond: true });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 10_000 });
  const add = defineScript('test.add', "return redis.call('INCRBY', KEYS[1], ARGV[1])");
  const run = (): Promise<unknown> => manager.script(add, { keys: ['sum'], args: ['2'] });
  await run();
  await redis.cli('SCRIPT', 'FLUSH');
  await Promise.all(Array.from({ length: 20 }, run));
  expect(await redis.cli('GET', 'sum')).toBe('42');
});
