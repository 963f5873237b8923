import { inspect } from 'node:util';
import {
  caughtUp,
  eventually,
  startCluster,
  startRedis,
  type TestCluster,
  type TestRedis,
} from '@taproot/testkit';
import { describe, expect, test } from 'vitest';
import { DRIVERS, lend, loansOn, names } from './support.ts';

function urlOf(cluster: TestCluster): string {
  return `redis+cluster://${cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
}

/** Names of the connections that all nodes have. */
async function allNames(cluster: TestCluster): Promise<string[]> {
  return (await Promise.all(cluster.nodes.map((node) => names(node)))).flat();
}

const KEYS = Array.from({ length: 20 }, (_, i) => `key${i}`);

describe.each(DRIVERS)('%s', (driver) => {
  test('a loan on a Cluster reaches all nodes under its name, counts as one, and leaves none of them', async () => {
    const cluster = await startCluster();
    const loans = loansOn(urlOf(cluster));
    const client = await lend(loans, driver);
    for (const key of KEYS) expect(await client.set(key, key)).toBe('OK');
    for (const key of KEYS) expect(await client.get(key)).toBe(key);
    const copy = client.duplicate();
    const heard: string[] = [];
    await eventually(() => copy.subscribe('channel', (message) => heard.push(message)));
    await eventually(async () => {
      await client.publish('channel', 'hello');
      expect(heard).toContain('hello');
    });
    expect(loans.list()).toMatchObject([{ owner: 'test', open: true, duplicates: 1 }]);
    await eventually(async () =>
      expect(new Set(await allNames(cluster))).toEqual(new Set(['taproot:loan:test'])),
    );
    await copy.client.quit();
    await client.client.disconnect();
    await eventually(async () => {
      expect(loans.size).toBe(0);
      expect(await allNames(cluster)).toEqual([]);
    });
    await client.client.connect();
    expect(await client.get('key1')).toBe('key1');
    await loans.close();
    await eventually(async () => expect(await allNames(cluster)).toEqual([]));
  });

  test('a loan finds a Cluster again of which every node was killed, with its subscriptions', async () => {
    const cluster = await startCluster({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    const loans = loansOn(urlOf(cluster));
    const client = await lend(loans, driver);
    const subscriber = client.duplicate();
    const heard: string[] = [];
    await eventually(() => subscriber.subscribe('channel', (message) => heard.push(message)));
    for (const key of KEYS) await client.set(key, key);
    const returned = client.duplicate();
    await eventually(() => returned.get('any'));
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await eventually(() => {
      for (const key of KEYS) returned.get(key).catch(() => undefined);
      // node-redis has no word for it.
      const { status = 'reconnecting' } = returned.client as { readonly status?: string };
      expect(status).toBe('reconnecting');
    });
    await returned.client.quit();
    await eventually(() => expect(loans.size).toBe(2));
    await Promise.all(cluster.nodes.map((node) => node.restart()));
    await eventually(
      async () => {
        for (const key of KEYS) expect(await client.get(key)).toBe(key);
        await client.publish('channel', 'hello');
        expect(heard).toContain('hello');
      },
      { timeoutMs: 30_000 },
    );
  });

  test('a loan that is destroyed while it connects leaves no connection', async () => {
    const cluster = await startCluster();
    const loans = loansOn(urlOf(cluster));
    const client = await lend(loans, driver);
    for (let round = 0; round < 12; round++) {
      const copy = client.duplicate();
      if (round > 0) await new Promise((resolve) => setTimeout(resolve, round));
      copy.client.disconnect();
    }
    client.client.disconnect();
    await eventually(async () => {
      expect(loans.size).toBe(0);
      expect(await allNames(cluster)).toEqual([]);
    });
  });

  test('a node that freezes is left for the replica that took its place', async () => {
    const cluster = await startCluster({ args: ['--repl-diskless-sync-delay', '0'] });
    const [frozen, other] = cluster.nodes;
    const replica = await replicaOf(cluster, frozen as TestRedis, other as TestRedis);
    const client = await lend(loansOn(urlOf(cluster)), driver, { silentMs: 500 });
    for (const name of KEYS) await client.set(name, name);
    const key = await keyAt(cluster, frozen);
    await caughtUp(replica, frozen as TestRedis);
    frozen?.freeze();
    await replica.cli('CLUSTER', 'FAILOVER', 'TAKEOVER');
    await eventually(async () => expect(await client.set(key, 'again')).toBe('OK'), { timeoutMs: 30_000 });
    expect(await replica.cli('GET', key)).toBe('again');
    frozen?.thaw();
  });

  test('new credentials reach the live connections to all nodes, and those that are made next', async () => {
    const cluster = await startCluster();
    const onAll = (...args: string[]): Promise<string[]> =>
      Promise.all(cluster.nodes.map((node) => node.cli(...args)));
    const rights = ['~*', '&*', '+@all'];
    await onAll('ACL', 'SETUSER', 'one', 'on', '>first-secret', ...rights);
    await onAll('ACL', 'SETUSER', 'two', 'on', '>second-secret', ...rights);
    let now = { username: 'one', password: 'first-secret' };
    const loans = loansOn(urlOf(cluster), { credentials: async () => now });
    const client = await lend(loans, driver);
    for (const key of KEYS) await client.set(key, key);
    now = { username: 'two', password: 'second-secret' };
    await loans.authenticate(now);
    await eventually(async () => expect(await users(cluster)).toEqual(['two']));
    // Whoever forgets to tell finds the next connections refused, and the provider is asked again.
    now = { username: 'three', password: 'third-secret' };
    await onAll('ACL', 'SETUSER', 'three', 'on', '>third-secret', ...rights);
    await onAll('ACL', 'DELUSER', 'two');
    const failures: unknown[] = [];
    await eventually(
      async () => {
        for (const key of KEYS)
          expect(await client.get(key).catch((error: unknown) => failures.push(error))).toBe(key);
      },
      { timeoutMs: 30_000 },
    );
    await eventually(async () => expect(await users(cluster)).toEqual(['three']));
    expect(inspect([failures, client.client], { depth: 6 })).not.toMatch(/(first|second)-secret/);
  });
});

/** Users of the loans' connections. */
async function users(cluster: TestCluster): Promise<string[]> {
  const lists = await Promise.all(cluster.nodes.map((node) => node.cli('CLIENT', 'LIST')));
  const lines = lists.join('\n').split('\n');
  const ours = lines.filter((line) => line.includes('name=taproot:loan:'));
  return [...new Set(ours.map((line) => / user=(\S+)/.exec(line)?.[1] ?? ''))];
}

async function keyAt(cluster: TestCluster, node: TestRedis | undefined): Promise<string> {
  for (const key of KEYS)
    if (cluster.nodeOf(Number(await node?.cli('CLUSTER', 'KEYSLOT', key))) === node) return key;
  return '';
}

async function replicaOf(cluster: TestCluster, master: TestRedis, other: TestRedis): Promise<TestRedis> {
  const replica = await startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-node-timeout', '60000'] });
  const id = await master.cli('CLUSTER', 'MYID');
  await replica.cli('CLUSTER', 'MEET', '127.0.0.1', String(master.port));
  await replica.cli('CLUSTER', 'MEET', '127.0.0.1', String(other.port));
  await eventually(async () => expect(await replica.cli('CLUSTER', 'REPLICATE', id)).toBe('OK'));
  await eventually(async () => expect(await replica.cli('ROLE')).toContain('connected'));
  // A node that does not know it yet would go on naming the frozen one.
  const known = new RegExp(`:${replica.port}@\\S+ slave ${id} `);
  await eventually(
    async () => {
      for (const node of cluster.nodes) expect(await node.cli('CLUSTER', 'NODES')).toMatch(known);
    },
    { timeoutMs: 60_000 },
  );
  return replica;
}
