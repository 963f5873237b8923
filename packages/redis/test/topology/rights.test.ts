import { readFileSync } from 'node:fs';
import { startCluster, startRedis, startSentinel, type TestRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { logKeys, type RedisManager } from '../../src/index.ts';
import { readyManager } from '../support/ready-manager.ts';

const DOCS = readFileSync(new URL('../../../../docs/own-redis.md', import.meta.url), 'utf8');
/** The words after the user's name in the command that the docs give. */
const RIGHTS = /^ACL SETUSER taproot (.*)$/m.exec(DOCS)?.[1]?.split(' ') ?? [];

async function grant(nodes: readonly TestRedis[], ...more: readonly string[]): Promise<void> {
  for (const node of nodes) await node.cli('ACL', 'SETUSER', 'taproot', 'reset', ...RIGHTS, ...more);
}

const asUser = (url: string): string => url.replace('://', '://taproot:password@');

/** All kinds of calls that Taproot makes, under its own names. */
async function work(manager: RedisManager): Promise<void> {
  const keys = logKeys('taproot:{thread:1}');
  await manager.log.create(keys);
  expect(await manager.log.append(keys, { data: { n: 1 } })).toMatchObject({ seq: 1 });
  for await (const page of manager.scan({ match: 'taproot:*' })) expect(page.length).toBeGreaterThan(0);
  await expect(manager.call(['SET', 'other', '1'])).rejects.toMatchObject({ code: 'noperm' });
  await expect(manager.call(['FLUSHALL'])).rejects.toMatchObject({ code: 'noperm' });
}

test('the rights that the docs give are enough on one server, and for no key of others', async () => {
  const redis = await startRedis();
  await grant([redis]);
  await work(await readyManager(asUser(redis.url), { app: 'shop' }));
});

test('they are enough on a Cluster', async () => {
  const cluster = await startCluster();
  await grant(cluster.nodes);
  await work(await readyManager(asUser(cluster.url), { app: 'shop' }));
});

test('with what the docs add they are enough under Sentinel', async () => {
  const { nodes, url } = await startSentinel({ replicas: 1 });
  expect(DOCS).toContain('Under Sentinel add `+role`');
  await grant(nodes, '+role');
  await work(await readyManager(asUser(url), { app: 'shop' }));
});
