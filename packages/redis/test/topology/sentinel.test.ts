import { eventually, startSentinel } from '@taproot/testkit';
import { createClient } from 'redis';
import { expect, onTestFinished, test } from 'vitest';
import { createRedisManager, type RedisManager } from '../../src/index.ts';

async function managerOn(url: string): Promise<RedisManager> {
  const manager = createRedisManager({ url });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 20_000 });
  return manager;
}

test('after the master is killed the manager follows the sentinels to the new one', async () => {
  const sentinel = await startSentinel();
  const manager = await managerOn(sentinel.url);
  const [first] = sentinel.nodes;
  expect(manager.node).toBe(`127.0.0.1:${first?.port}`);
  await manager.call(['SET', 'k', 'v']);
  await manager.call(['WAIT', '2', '10000'], { deadlineMs: 15_000 });
  await first?.kill();
  await eventually(() => expect(manager.state).not.toBe('ready'));
  await eventually(() => expect(manager.state).toBe('ready'), { timeoutMs: 30_000 });
  expect(manager.node).not.toBe(`127.0.0.1:${first?.port}`);
  expect(manager.node).toBe(`127.0.0.1:${(await sentinel.master()).port}`);
  expect(await manager.call(['GET', 'k'])).toBe('v');
  await manager.call(['SET', 'k', 'w']);
});

test('a failover by order loses no call: writes refused by the old master go to the new one', async () => {
  const sentinel = await startSentinel();
  const manager = await managerOn(sentinel.url);
  let stop = false;
  onTestFinished(() => {
    stop = true;
  });
  let written = 0;
  const unknown: unknown[] = [];
  const writing = (async () => {
    while (!stop) {
      try {
        await manager.call(['SET', 'n', String(written)], { deadlineMs: 20_000 });
        written++;
      } catch (error) {
        unknown.push(error);
      }
      // A client that never rests would starve the replicas and the sentinels.
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  await eventually(() => expect(written).toBeGreaterThan(50));
  const before = manager.node;
  await failover(sentinel.sentinelPorts[0] ?? 0);
  await eventually(() => expect(manager.node).not.toBe(before), { timeoutMs: 30_000 });
  const then = written;
  await eventually(() => expect(written).toBeGreaterThan(then + 50), { timeoutMs: 20_000 });
  stop = true;
  await writing;
  // What was certainly refused was sent again; what may have been applied was not.
  for (const error of unknown) expect(error).toMatchObject({ applied: 'unknown' });
});

test('sentinels that do not answer are told by name, and asked until they do', async () => {
  const sentinel = await startSentinel();
  const ports = ['127.0.0.1:1', `127.0.0.1:${sentinel.sentinelPorts[1]}`];
  const manager = await managerOn(`redis+sentinel://${ports.join(',')}/mymaster`);
  expect(manager.state).toBe('ready');
  const lost = createRedisManager({ url: 'redis+sentinel://127.0.0.1:1/mymaster' });
  onTestFinished(() => lost.close());
  await expect(lost.ready({ timeoutMs: 1500 })).rejects.toMatchObject({
    message: expect.stringContaining('None of the sentinels answers: 127.0.0.1:1'),
  });
  const unknown = createRedisManager({ url: `redis+sentinel://${ports[1]}/other` });
  onTestFinished(() => unknown.close());
  await expect(unknown.ready({ timeoutMs: 1500 })).rejects.toMatchObject({
    message: expect.stringContaining('know no master other'),
  });
});

async function failover(port: number): Promise<void> {
  const client = createClient({ socket: { host: '127.0.0.1', port } });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.sendCommand(['SENTINEL', 'FAILOVER', 'mymaster']);
  } finally {
    client.destroy();
  }
}
