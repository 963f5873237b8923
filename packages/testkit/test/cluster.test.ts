import { createCluster } from 'redis';
import { expect, test } from 'vitest';
import { startCluster } from '../src/index.ts';

test('three masters serve all slots, and each knows the others', async () => {
  const cluster = await startCluster();
  expect(cluster.nodes).toHaveLength(3);
  for (const node of cluster.nodes) {
    const info = await node.cli('CLUSTER', 'INFO');
    expect(info).toContain('cluster_state:ok');
    expect(info).toContain('cluster_slots_ok:16384');
  }
});

test('a key is served by the node of its slot, and the others point there', async () => {
  const cluster = await startCluster();
  const owner = cluster.nodeOf(Number(await cluster.nodes[0]?.cli('CLUSTER', 'KEYSLOT', 'a')));
  expect(await owner.cli('SET', 'a', '1')).toBe('OK');
  for (const node of cluster.nodes.filter((one) => one !== owner)) {
    await expect(node.cli('GET', 'a')).rejects.toThrow(`MOVED 15495 127.0.0.1:${owner.port}`);
  }
});

test('a client of the cluster reaches keys on every master', async () => {
  const { urls, nodeOf } = await startCluster();
  const client = createCluster({ rootNodes: urls.map((url) => ({ url })) });
  client.on('error', () => undefined);
  await client.connect();
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  for (const key of keys) await client.set(key, key);
  for (const key of keys) expect(await client.get(key)).toBe(key);
  client.destroy();
  const sizes = await Promise.all([0, 8000, 16_000].map((slot) => nodeOf(slot).cli('DBSIZE')));
  expect(sizes.every((size) => Number(size) > 0)).toBe(true);
});
