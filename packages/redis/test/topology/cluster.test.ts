import {
  certificates,
  eventually,
  freePort,
  startCluster,
  startRedis,
  type TestCluster,
} from '@taproot/testkit';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createRedisManager, defineScript } from '../../src/index.ts';
import { connectionsTo, managerOn, tagOn } from '../support/cluster-site.ts';

let cluster: TestCluster;
let tags: string[];
beforeAll(async () => {
  cluster = await startCluster({ masters: 3 });
  tags = await Promise.all(cluster.nodes.map((node) => tagOn(cluster, node)));
});
beforeEach(async () => {
  for (const node of cluster.nodes) await node.cli('FLUSHALL');
});
afterAll(() => cluster.stop());

test('each call goes straight to the master of its key, also those made before the masters are known', async () => {
  for (const node of cluster.nodes) await node.cli('CONFIG', 'RESETSTAT');
  const manager = createRedisManager({ url: cluster.url, allowSecond: true });
  onTestFinished(() => manager.close());
  await Promise.all(tags.map((tag) => manager.call(['SET', tag, tag])));
  for (const [index, tag] of tags.entries()) expect(await cluster.nodes[index]?.cli('GET', tag)).toBe(tag);
  for (const tag of tags) {
    expect(await manager.commands.get(tag)).toBe(tag);
    expect(await manager.call(['EVAL', "return redis.call('GET', KEYS[1])", '1', tag])).toBe(tag);
    const id = await manager.commands.xAdd(`${tag}s`, '*', { f: 'v' });
    const streams = ['XREAD', 'COUNT', '1', 'STREAMS', `${tag}s`, '0'];
    expect(await manager.call(streams)).toEqual({ [`${tag}s`]: [[id, ['f', 'v']]] });
    expect(await manager.call(['OBJECT', 'ENCODING', `${tag}s`])).toBe('stream');
    expect(await manager.call(['GET', Buffer.from(tag)], { buffers: true })).toEqual(Buffer.from(tag));
  }
  for (const node of cluster.nodes) expect(await node.cli('INFO', 'errorstats')).not.toContain('MOVED');
});

test('keys in several slots are refused before anything is sent', async () => {
  const manager = await managerOn(cluster);
  const [a = '', b = ''] = tags;
  const calls = [
    () => manager.call(['MSET', a, '1', b, '1']),
    () => manager.call(['EVAL', "redis.call('SET', KEYS[1], 1)", '2', a, b]),
    () => manager.multi().set(a, '1').set(b, '1').exec(),
    () => manager.call(['SORT', a, 'STORE', b]),
    () => manager.script(defineScript('x', "redis.call('SET', KEYS[1], 1)"), { keys: [a, b], args: [] }),
  ];
  for (const node of cluster.nodes) await node.cli('CONFIG', 'RESETSTAT');
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'crossslot', applied: 'no' });
  // Not even refused by them.
  for (const node of cluster.nodes) {
    expect(await node.cli('INFO', 'commandstats')).not.toMatch(/cmdstat_(mset|eval|evalsha|multi|sort):/);
  }
});

test('a transaction runs on the master of its slot, a pipeline on all, its replies in order', async () => {
  const manager = await managerOn(cluster);
  const [a = '', b = '', c = ''] = tags;
  expect(await manager.multi().set(`${b}1`, '1').incr(`${b}1`).get(`${b}1`).exec()).toEqual(['OK', 2, '2']);
  const pipeline = manager.multi().set(a, 'a').set(b, 'b').set(c, 'c').get(c).get(a).get(b);
  expect(await pipeline.execAsPipeline()).toEqual(['OK', 'OK', 'OK', 'c', 'a', 'b']);
});

test('keys that only the server finds are asked for', async () => {
  const manager = await managerOn(cluster);
  for (const tag of tags) {
    await manager.call(['RPUSH', `${tag}l`, '2', '1']);
    expect(await manager.call(['SORT', `${tag}l`, 'STORE', `${tag}sorted`])).toBe(2);
    expect(await manager.call(['LRANGE', `${tag}sorted`, '0', '-1'])).toEqual(['1', '2']);
  }
});

test('a script that one master has forgotten is sent whole to that one', async () => {
  const manager = await managerOn(cluster);
  const bump = defineScript('bump', "return redis.call('INCRBY', KEYS[1], ARGV[1])");
  for (const tag of tags) expect(await manager.script(bump, { keys: [tag], args: ['5'] })).toBe(5);
  await cluster.nodes[1]?.cli('SCRIPT', 'FLUSH');
  for (const tag of tags) expect(await manager.script(bump, { keys: [tag], args: ['5'] })).toBe(10);
});

test('commands about the whole deployment reach all masters', async () => {
  const manager = await managerOn(cluster);
  for (const tag of tags) await manager.commands.set(`all:${tag}`, '1');
  expect(((await manager.call(['KEYS', 'all:*'])) as string[]).sort()).toEqual(
    tags.map((tag) => `all:${tag}`).sort(),
  );
  const sizes = await Promise.all(cluster.nodes.map((node) => node.cli('DBSIZE')));
  expect(await manager.call(['DBSIZE'])).toBe(sizes.map(Number).reduce((a, b) => a + b));
  const sha = String(await manager.call(['SCRIPT', 'LOAD', 'return 1']));
  for (const node of cluster.nodes) expect(await node.cli('SCRIPT', 'EXISTS', sha)).toBe('[1]');
  await cluster.nodes[2]?.cli('SCRIPT', 'FLUSH');
  expect(await manager.call(['SCRIPT', 'EXISTS', sha])).toEqual([0]);
  await manager.call(['FLUSHALL']);
  for (const [index, tag] of tags.entries())
    expect(await cluster.nodes[index]?.cli('EXISTS', `all:${tag}`)).toBe('0');
});

test('scan brings the keys of all masters; a cursor of one of them is refused', async () => {
  const manager = await managerOn(cluster);
  const keys = Array.from({ length: 300 }, (_, n) => `scan:${n}`);
  await Promise.all(keys.map((key) => manager.call(['SET', key, '1'])));
  const found: string[] = [];
  for await (const page of manager.scan({ match: 'scan:*', count: 20 })) found.push(...page);
  expect(found.sort()).toEqual(keys.sort());
  const scan = manager.call(['SCAN', '0']);
  await expect(scan).rejects.toMatchObject({ code: 'invalid-options', applied: 'no' });
  const masters = await manager.masters();
  expect(masters.map(({ node }) => node).sort()).toEqual(
    cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).sort(),
  );
  for (const master of masters)
    expect(String(await master.call(['INFO', 'server']))).toContain(`tcp_port:${master.node.split(':')[1]}`);
});

test('a manager has one command and one subscriber connection per master, and none after it was closed', async () => {
  const manager = await managerOn(cluster, { url: `redis+cluster://127.0.0.1:${cluster.nodes[2]?.port}` });
  const both = ['taproot:command:manager', 'taproot:subscriber:manager'];
  for (const node of cluster.nodes) expect(await connectionsTo(node)).toEqual(both);
  await manager.close();
  for (const node of cluster.nodes)
    await eventually(async () => expect(await connectionsTo(node)).toEqual([]));
});

test('published messages are heard, sharded or not, whichever master hears them', async () => {
  const [one, other] = [await managerOn(cluster), await managerOn(cluster)];
  expect(one.deployment).toEqual({ epoch: other.deployment.epoch, publish: 'spublish' });
  const heard: string[] = [];
  const active: string[] = [];
  for (const tag of tags) {
    for (const [kind, sharded] of [
      ['plain', false],
      ['sharded', true],
    ] as const) {
      const listener = {
        message: (text: string) => void heard.push(text),
        active: () => void active.push(tag),
      };
      one.subscribe(`${kind}:${tag}`, listener, { sharded });
    }
  }
  await eventually(() => expect(active).toHaveLength(6));
  for (const tag of tags) {
    await other.call(['PUBLISH', `plain:${tag}`, `plain ${tag}`]);
    await other.call(['SPUBLISH', `sharded:${tag}`, `sharded ${tag}`]);
  }
  const all = tags.flatMap((tag) => [`plain ${tag}`, `sharded ${tag}`]).sort();
  await eventually(() => expect(heard.toSorted()).toEqual(all));
});

test('who listens no more hears nothing, and the servers know', async () => {
  const manager = await managerOn(cluster);
  const [tag = ''] = tags;
  const leave: (() => Promise<void>)[] = [];
  await new Promise<void>((active) =>
    leave.push(manager.subscribe(tag, { message: () => undefined, active }, { sharded: true })),
  );
  expect(await cluster.nodes[0]?.cli('PUBSUB', 'SHARDNUMSUB', tag)).toBe(JSON.stringify([tag, 1]));
  await leave[0]?.();
  await eventually(async () =>
    expect(await cluster.nodes[0]?.cli('PUBSUB', 'SHARDNUMSUB', tag)).toBe(JSON.stringify([tag, 0])),
  );
});

test('a subscription that is refused is asked for again until it is granted', async () => {
  const manager = await managerOn(cluster);
  const channel = `refused:${tags[1]}`;
  const rights = async (...rights: string[]): Promise<void> => {
    for (const node of cluster.nodes) await node.cli('ACL', 'SETUSER', 'default', ...rights);
  };
  onTestFinished(() => rights('allchannels'));
  // Probes go on, so that the connections are not taken for deaf.
  await rights('resetchannels', '&taproot:probe:*');
  const active: string[] = [];
  for (const sharded of [true, false]) {
    const listener = {
      message: () => undefined,
      active: () => void active.push(sharded ? 'sharded' : 'plain'),
    };
    manager.subscribe(channel, listener, { sharded });
  }
  await eventually(async () => expect(await cluster.nodes[1]?.cli('ACL', 'LOG')).toContain(channel));
  expect(active).toEqual([]);
  await rights('allchannels');
  await eventually(() => expect(active.toSorted()).toEqual(['plain', 'sharded']));
});

test('new credentials reach the connections to all masters', async () => {
  for (const node of cluster.nodes)
    await node.cli('ACL', 'SETUSER', 'next', 'on', '>secret', '~*', '&*', '+@all');
  let user = { username: 'default', password: '' };
  const manager = await managerOn(cluster, { credentials: async () => user });
  user = { username: 'next', password: 'secret' };
  await manager.rotateCredentials();
  for (const node of cluster.nodes) {
    const list = (await node.cli('CLIENT', 'LIST'))
      .split('\n')
      .filter((line) => line.includes('name=taproot:'));
    expect(list.map((line) => / user=(\S+)/.exec(line)?.[1])).toEqual(['next', 'next']);
  }
});

test('a plain URL of one of its nodes is refused with the form that the URL has to have', async () => {
  const [node] = cluster.nodes;
  const manager = createRedisManager({ url: node?.url ?? '', allowSecond: true });
  onTestFinished(() => manager.close());
  await expect(manager.ready({ timeoutMs: 10_000 })).rejects.toMatchObject({
    code: 'invalid-options',
    message: expect.stringContaining(`redis+cluster://127.0.0.1:${node?.port}`),
  });
});

test('a cluster URL of a server that is none is refused', async () => {
  const redis = await startRedis();
  const manager = createRedisManager({ url: `redis+cluster://127.0.0.1:${redis.port}` });
  onTestFinished(() => manager.close());
  await expect(manager.ready({ timeoutMs: 10_000 })).rejects.toMatchObject({
    code: 'invalid-options',
    message: expect.stringContaining('no Cluster'),
  });
});

test('nodes that do not answer are passed over; if none does, that is the reason', async () => {
  const dead = await freePort();
  const url = `redis+cluster://127.0.0.1:${dead},127.0.0.1:${cluster.nodes[1]?.port}`;
  expect((await managerOn(cluster, { url })).state).toBe('ready');
  const lost = createRedisManager({ url: `redis+cluster://127.0.0.1:${dead}` });
  onTestFinished(() => lost.close());
  await eventually(() =>
    expect(lost.health()).toMatchObject({
      state: 'down',
      reason: `Redis at 127.0.0.1:${dead}: refuses connections`,
    }),
  );
  await expect(lost.call(['GET', 'a'], { deadlineMs: 50 })).rejects.toMatchObject({
    code: 'timeout',
    applied: 'no',
  });
  await expect(lost.call(['GET', 'a'], { profile: 'cache' })).rejects.toMatchObject({
    code: 'not-ready',
    applied: 'no',
  });
});

test('servers without SPUBLISH publish to all, and one of them is listened to', async () => {
  const without = ['SPUBLISH', 'SSUBSCRIBE', 'SUNSUBSCRIBE'].flatMap((name) => [
    '--rename-command',
    name,
    '',
  ]);
  const old = await startCluster({ args: without });
  const manager = await managerOn(old);
  expect(manager.deployment.publish).toBe('publish');
  const connections = await Promise.all(old.nodes.map(connectionsTo));
  expect(connections.flat().sort()).toEqual([
    ...Array(3).fill('taproot:command:manager'),
    'taproot:subscriber:manager',
  ]);
  const heard: string[] = [];
  await new Promise<void>((active) => {
    manager.subscribe('c', { message: (text) => void heard.push(text), active }, { sharded: true });
  });
  for (const node of old.nodes) await node.cli('PUBLISH', 'c', String(node.port));
  await eventually(() => expect(heard.toSorted()).toEqual(old.nodes.map(({ port }) => String(port)).sort()));
});

test('over TLS the nodes are known by their TLS ports', async () => {
  const pems = await certificates();
  const port = await freePort();
  const args = [
    '--cluster-enabled',
    'yes',
    '--tls-cluster',
    'yes',
    '--tls-port',
    String(port),
    ...pems.redisArgs,
  ];
  const redis = await startRedis({ args });
  await redis.cli('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  const manager = createRedisManager({
    url: `rediss+cluster://127.0.0.1:${port}`,
    tls: { ca: pems.ca, ...pems.client },
  });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 20_000 });
  expect(manager.node).toBe(`127.0.0.1:${port}`);
  await manager.commands.set('a', '1');
  expect(await redis.cli('GET', 'a')).toBe('1');
});
