import { performance } from 'node:perf_hooks';
import { eventually, startRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { readyManager } from './support/ready-manager.ts';

/** Keeps the event loop busy, with a look at the sockets now and then, until it is told to stop. */
function busy(): () => void {
  let stopped = false;
  const work = (): void => {
    const until = performance.now() + 50;
    while (performance.now() < until);
    if (!stopped) setImmediate(work);
  };
  setImmediate(work);
  return () => {
    stopped = true;
  };
}

async function connectionsMade(redis: { cli(...args: string[]): Promise<string> }): Promise<number> {
  return Number(/total_connections_received:(\d+)/.exec(await redis.cli('INFO', 'stats'))?.[1]);
}

test('a process that is too busy to read the answers of Redis does not take it for silent', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url, { probeIntervalMs: 1000 });
  await redis.cli('EVAL', "redis.call('SET', 'big', string.rep('x', 60000000))", '0');
  const before = await connectionsMade(redis);
  const states: string[] = [];
  manager.on('state', ({ state }) => states.push(state));
  const stop = busy();
  // Longer than a probe may take, and less than all the probes that are repeated.
  setTimeout(stop, 2200);
  const big = (await manager.call(['GET', 'big'], { deadlineMs: 60_000 })) as string;
  expect(big).toHaveLength(60_000_000);
  await eventually(() => expect(manager.state).toBe('ready'));
  expect(states).toEqual([]);
  // The one of the question itself.
  expect(await connectionsMade(redis)).toBe(before + 1);
});

test('a process that is always busy notices all the same that Redis is silent', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url, { probeIntervalMs: 150 });
  const stop = busy();
  onTestFinished(stop);
  process.kill(redis.pid, 'SIGSTOP');
  onTestFinished(() => void process.kill(redis.pid, 'SIGCONT'));
  await eventually(() => expect(manager.state).not.toBe('ready'), { timeoutMs: 20_000 });
});
