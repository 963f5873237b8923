import { eventually, startCluster, startRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { createRedisManager, defineScript } from '../src/index.ts';

const SCRIPT = defineScript('test.one', 'return 1');

test('each master has the scripts that were named before the manager is ready, and after a restart again', async () => {
  const cluster = await startCluster({ masters: 3 });
  onTestFinished(() => cluster.stop());
  const manager = createRedisManager({ url: cluster.url, probeIntervalMs: 200 });
  onTestFinished(() => manager.close());
  manager.prepareScripts([SCRIPT]);
  await manager.ready({ timeoutMs: 20_000 });
  const later = defineScript('test.two', 'return 2');
  manager.prepareScripts([later]);
  for (const { sha } of [SCRIPT, later]) {
    for (const node of cluster.nodes)
      await eventually(async () => expect(await node.cli('SCRIPT', 'EXISTS', sha)).toContain('1'));
  }
});

test('a deployment that does not take the scripts is not ready, and the reason says so', async () => {
  const redis = await startRedis();
  await redis.cli('ACL', 'SETUSER', 'tap', 'on', '>secret', '+@all', '-@scripting', '~*', '&*');
  const url = redis.url.replace('redis://', 'redis://tap:secret@');
  const manager = createRedisManager({ url, probeIntervalMs: 100 });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 10_000 });
  manager.prepareScripts([SCRIPT]);
  await eventually(() => expect(manager.health().error?.code).toBe('noperm'));
  expect(manager.state).not.toBe('ready');
  expect(manager.health().reason).toContain('script');
  await redis.cli('CLIENT', 'KILL', 'USER', 'tap');
  await eventually(() =>
    expect(manager.health()).toMatchObject({ state: 'down', error: { code: 'noperm' } }),
  );
  await redis.cli('ACL', 'SETUSER', 'tap', '+@scripting');
  await eventually(() => expect(manager.state).toBe('ready'));
});
