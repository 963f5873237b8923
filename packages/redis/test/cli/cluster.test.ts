import { startCluster, type TestCluster } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { createRedisManager, type InspectReport, slotOf } from '../../src/index.ts';
import { taprootRedis } from './support.ts';

async function filled(): Promise<TestCluster> {
  const cluster = await startCluster({ masters: 3 });
  for (let id = 0; id < 60; id++) {
    await cluster.nodeOf(slotOf(`user:${id}`)).cli('SET', `user:${id}`, 'x'.repeat(50));
  }
  const sizes = await Promise.all(cluster.nodes.map((node) => node.cli('DBSIZE')));
  expect(sizes.map(Number).every((size) => size > 0)).toBe(true);
  return cluster;
}

const nodesOf = ({ nodes }: TestCluster): string[] => nodes.map(({ port }) => `127.0.0.1:${port}`).sort();

test('one node of a Cluster is enough to look into all masters, and so is a URL of the Cluster', async () => {
  const cluster = await filled();
  const dead = 'redis+cluster://127.0.0.1:1,';
  for (const url of [cluster.urls[1] ?? '', cluster.urls[2]?.replace('redis://', dead) ?? '']) {
    const { status, stdout, stderr } = await taprootRedis(['inspect', url, '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const report: InspectReport = JSON.parse(stdout);
    expect(report.servers.map(({ node }) => node).sort()).toEqual(nodesOf(cluster));
    expect(report.keys).toMatchObject({ total: 60, scanned: 60, complete: true });
    expect(report.unreachable).toEqual([]);
  }
});

test('a master that is away is told, and the others are looked into', async () => {
  const cluster = await filled();
  const [first, second, third] = cluster.nodes;
  await second?.kill();
  const { status, stdout, stderr } = await taprootRedis(['inspect', first?.url ?? '', '--strict']);
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(stdout).toContain(`127.0.0.1:${second?.port} did not answer, so this report leaves it out.`);
  for (const node of [first, third]) expect(stdout).toContain(`at 127.0.0.1:${node?.port}`);
});

test('a manager of a Cluster looks into all its masters', async () => {
  const cluster = await filled();
  const url = `redis+cluster://${nodesOf(cluster).join(',')}`;
  const manager = createRedisManager({ url, allowSecond: true });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 10_000 });
  const { servers, keys, connections } = await manager.inspect();
  expect(servers.map(({ node }) => node).sort()).toEqual(nodesOf(cluster));
  expect(keys?.keyspaces.find(({ name }) => name === 'user:*')).toMatchObject({ keys: 60 });
  expect(connections?.owners).toEqual(
    expect.arrayContaining([expect.objectContaining({ app: 'taproot', role: 'command', owner: 'manager' })]),
  );
});
