import { eventually, startCluster, startRedis, TestCluster, type TestRedis } from '@taproot/testkit';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { logKeys, type RedisManager } from '../../src/index.ts';
import { managerOn, tagOn } from '../support/cluster-site.ts';
import { Load } from '../support/load.ts';

let cluster: TestCluster;
let source: TestRedis;
let target: TestRedis;
let manager: RedisManager;
/** In a slot of the source, which each test moves away; another one each time. */
let tag: string;
let slot: number;
let salt = 0;
beforeAll(async () => {
  cluster = await startCluster();
  [source, target] = cluster.nodes as [TestRedis, TestRedis];
});
beforeEach(async () => {
  await cluster.settled();
  tag = await tagOn(cluster, source, `s${salt++}-`);
  slot = await cluster.slotOf(tag);
  manager = await managerOn(cluster);
});
afterAll(() => cluster.stop());

test('no call is lost or doubled while a slot moves away and back under load', async () => {
  const others = await Promise.all(cluster.nodes.map((node) => tagOn(cluster, node, `o${salt}-`)));
  const keys = [`${tag}a`, `${tag}b`, ...others];
  const load = new Load(manager, keys);
  onTestFinished(() => load.stop());
  const progress = (by: number): Promise<void> => {
    const before = keys.map((key) => load.tally(key).ok);
    return eventually(() => {
      for (const [index, key] of keys.entries())
        expect(load.tally(key).ok).toBeGreaterThan((before[index] ?? 0) + by);
    });
  };
  await progress(20);
  for (const to of [target, source]) {
    const migration = await cluster.beginMigration(slot, to);
    await progress(5);
    await migration.moveKeys();
    await progress(5);
    await migration.finish();
    await progress(20);
  }
  await load.stop();
  expect(load.errors).toEqual([]);
  for (const key of keys) {
    const master = await cluster.masterOf(await cluster.slotOf(key));
    expect([key, Number(await master.cli('GET', key))]).toEqual([key, load.tally(key).ok]);
  }
});

test('while a slot moves, each key is found where it is, and what needs several waits for them', async () => {
  for (const n of [1, 2, 3]) await manager.commands.set(`${tag}${n}`, String(n));
  const migration = await cluster.beginMigration(slot, target);
  await migration.moveKey(`${tag}2`);
  expect(await manager.commands.get(`${tag}1`)).toBe('1');
  expect(await manager.commands.get(`${tag}2`)).toBe('2');
  await expect(target.cli('GET', `${tag}2`)).rejects.toThrow('MOVED');
  expect(await manager.multi().incr(`${tag}2`).incr(`${tag}2`).exec()).toEqual([3, 4]);
  // A key that does not exist yet is made at the new master.
  await manager.commands.set(`${tag}new`, 'new');
  await expect(source.cli('GET', `${tag}new`)).rejects.toThrow('ASK');
  const several = manager.call(['MGET', `${tag}1`, `${tag}2`, `${tag}3`], { deadlineMs: 20_000 });
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  void several.then(settle, settle);
  const cut = manager.call(['MGET', `${tag}1`, `${tag}2`], { deadlineMs: 100 });
  await expect(cut).rejects.toMatchObject({ code: 'clusterdown', applied: 'no', retryable: true });
  expect(settled).toBe(false);
  await migration.moveKeys();
  expect(await several).toEqual(['1', '4', '3']);
  await migration.finish();
  expect(await manager.commands.get(`${tag}new`)).toBe('new');
});

test('slots can move to a master that has had none', async () => {
  const small = await startCluster({ masters: 1 });
  const added = await startRedis({ args: ['--cluster-enabled', 'yes'] });
  await added.cli('CLUSTER', 'MEET', '127.0.0.1', String(small.nodes[0]?.port));
  const whole = new TestCluster([...small.nodes, added], 1);
  await eventually(async () => expect(await added.cli('CLUSTER', 'INFO')).toContain('cluster_state:ok'));
  const own = await managerOn(small);
  await own.commands.set('a', '1');
  const migration = await whole.beginMigration(await whole.slotOf('a'), added);
  await migration.moveKeys();
  expect(await own.commands.get('a')).toBe('1');
  const connections = async (): Promise<number> =>
    Number(/total_connections_received:(\d+)/.exec(await added.cli('INFO', 'stats'))?.[1]);
  const before = await connections();
  for (let n = 0; n < 20; n++) {
    expect(await own.commands.get('a')).toBe('1');
    // As long as it takes to learn the slots anew.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // It stays connected to a master that serves no slot yet; the one more is that of the question.
  expect(await connections()).toBe(before + 1);
  await migration.finish();
  expect(await own.commands.get('a')).toBe('1');
  await eventually(() => expect(own.node).toContain(`127.0.0.1:${added.port}`));
  await eventually(() => expect(own.state).toBe('ready'));
});

test('a subscription moves with its slot, and its listener is told of the gap', async () => {
  const heard: string[] = [];
  let active = 0;
  const listener = { message: (text: string) => void heard.push(text), active: () => void active++ };
  manager.subscribe(`${tag}c`, listener, { sharded: true });
  await eventually(() => expect(active).toBe(1));
  await cluster.migrate(slot, target);
  // No call was made that could have told that the slot is elsewhere: the server ended the subscription.
  await eventually(() => expect(active).toBeGreaterThan(1), { timeoutMs: 5000 });
  expect(await target.cli('PUBSUB', 'SHARDNUMSUB', `${tag}c`)).toBe(JSON.stringify([`${tag}c`, 1]));
  await manager.call(['SPUBLISH', `${tag}c`, 'after']);
  await eventually(() => expect(heard).toEqual(['after']));
  expect(manager.state).toBe('ready');
});

test('subscriptions that come while slots move are all heard in the end', async () => {
  const channels = Array.from({ length: 200 }, (_, n) => `${tag}${n}`);
  const heard = new Set<string>();
  const moving = cluster.migrate(slot, target);
  for (const channel of channels) {
    manager.subscribe(channel, { message: (text) => void heard.add(text) }, { sharded: true });
    await new Promise((resolve) => setImmediate(resolve));
  }
  await moving;
  await eventually(async () => {
    for (const channel of channels) await manager.call(['SPUBLISH', channel, channel]);
    expect(heard.size).toBe(channels.length);
  });
});

test('a log is followed without a hole while its slot moves', async () => {
  const keys = logKeys(`test:${tag}`);
  await manager.log.create(keys);
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const seen: number[] = [];
  const following = (async () => {
    for await (const item of manager.log.tail(keys, { after: { seq: 0 }, signal: stop.signal }))
      if (item.kind === 'entry') seen.push(item.entry.seq);
  })();
  let n = 0;
  const append = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) await manager.log.append(keys, { data: { n: ++n } });
  };
  await append(20);
  const migration = await cluster.beginMigration(slot, target);
  await migration.moveKey(keys.stream);
  await migration.moveKeys();
  await append(20);
  await migration.finish();
  await append(20);
  await eventually(() => expect(seen).toEqual(Array.from({ length: 60 }, (_, index) => index + 1)));
  stop.abort();
  await following;
});

test('a scan brings also the keys of a slot that moves to a master that was scanned before', async () => {
  const [first, , last] = cluster.nodes as [TestRedis, TestRedis, TestRedis];
  const late = await tagOn(cluster, last, `late${salt}-`);
  const keys = Array.from({ length: 500 }, (_, index) => `${late}${index}`);
  await Promise.all(keys.map((key) => manager.call(['SET', key, '1'])));
  const found = new Set<string>();
  for await (const page of manager.scan({ match: `${late}*`, count: 10 })) {
    // The masters are scanned in the order of their slots, so this page is of the last.
    if (found.size === 0) {
      await cluster.migrate(await cluster.slotOf(late), first);
      expect(await manager.commands.get(keys[0] ?? '')).toBe('1');
    }
    for (const key of page) found.add(key);
  }
  expect(found.size).toBe(keys.length);
});
