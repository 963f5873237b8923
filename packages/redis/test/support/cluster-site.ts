import type { TestCluster, TestRedis } from '@taproot/testkit';
import { onTestFinished } from 'vitest';
import { createRedisManager, type RedisManager, type RedisManagerOptions } from '../../src/index.ts';

/** A manager on a cluster that is ready, for the running test. */
export async function managerOn(
  cluster: TestCluster,
  options: RedisManagerOptions = {},
): Promise<RedisManager> {
  const manager = createRedisManager({ url: cluster.url, allowSecond: true, ...options });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 20_000 });
  return manager;
}

/** A hash tag whose slot the node serves, as laid out at the start. */
export async function tagOn(cluster: TestCluster, node: TestRedis, salt = 't'): Promise<string> {
  for (let n = 0; ; n++) {
    const tag = `{${salt}${n}}`;
    if (cluster.nodeOf(await cluster.slotOf(tag)) === node) return tag;
  }
}

/** Names of the manager's connections to a node. */
export async function connectionsTo(node: TestRedis): Promise<string[]> {
  const list = await node.cli('CLIENT', 'LIST');
  return [...list.matchAll(/ name=(taproot:\S+)/g)].map(([, name]) => name ?? '').sort();
}
