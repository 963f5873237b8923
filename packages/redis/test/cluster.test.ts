import { createHash, randomUUID } from 'node:crypto';
import { eventually, startCluster, type TestCluster } from '@taproot/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LogEntry, type LogKeys, logKeys } from '../src/index.ts';
import * as scripts from '../src/log/lua.ts';
import { type DeclaredKeys, declaredKeys } from './support/declared-keys.ts';

// Three masters for the file: on one a key that was not declared would go unnoticed.
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ masters: 3 });
});
afterAll(() => cluster.stop());

/** Names of all scripts of the log, so that one that is added must be run here too. */
const NAMES = Object.values(scripts).flatMap((value) => (typeof value === 'object' ? [value.name] : []));

/** A log on each of the three masters. */
async function threeLogs(member: DeclaredKeys): Promise<LogKeys[]> {
  const unique = randomUUID();
  const found: LogKeys[] = [];
  for (let n = 0; found.filter(Boolean).length < 3; n++) {
    const keys = logKeys(`test:${unique}:{log:${unique}:${n}}`);
    const { master } = await member.nodeOf(keys.head);
    found[master] ??= keys;
  }
  return found;
}

function expectChained(entries: readonly LogEntry[], origin: string): void {
  let prev = origin;
  for (const [index, entry] of entries.entries()) {
    expect([entry.seq, entry.prev]).toEqual([index + 1, prev]);
    prev = createHash('sha1').update(`${prev}:${entry.seq}:${entry.body}`).digest('hex').slice(0, 20);
    expect(entry.chain).toBe(prev);
  }
}

/** All that the log does by scripts, with what it answers. */
async function exercise({ manager }: DeclaredKeys, keys: LogKeys): Promise<void> {
  const { log } = manager;
  const { origin } = await log.create(keys);
  expect(await log.create(keys)).toMatchObject({ seq: 0, origin });
  const guard = { key: keys.head.replace(':head', ':run'), fence: 1 };
  const ids = keys.head.replace(':head', ':ids');
  await manager.call(['HSET', guard.key, 'fence', '1']);
  const first = await log.append(keys, { data: { n: 1 } });
  const guarded = await log.append(keys, { data: { n: 2 }, guard: { ...guard, n: 1 } });
  expect(await log.append(keys, { data: { n: 2 }, guard: { ...guard, n: 1 } })).toEqual({
    ...guarded,
    duplicate: true,
  });
  await expect(log.append(keys, { data: {}, guard: { ...guard, fence: 0, n: 2 } })).rejects.toMatchObject({
    code: 'fence',
  });
  const once = { key: ids, id: 'm-1', digest: 'a' };
  const kept = await log.append(keys, { data: { n: 3 }, once });
  expect(await log.append(keys, { data: { n: 3 }, once })).toEqual({ ...kept, duplicate: true });
  await expect(log.append(keys, { data: {}, once: { ...once, digest: 'b' } })).rejects.toMatchObject({
    code: 'id-reused',
  });
  const large = await log.append(keys, { data: { text: 'x'.repeat(20_000) } });
  expect([first, guarded, kept, large].map(({ seq, duplicate }) => [seq, duplicate])).toEqual(
    [1, 2, 3, 4].map((n) => [n, false]),
  );
  expectChained(await log.read(keys, 1), origin);
  expect(await log.head(keys)).toEqual({ seq: 4, chain: large.chain, first: 1, origin });
}

test('every script of the log runs on each of three masters with its declared keys only', async () => {
  const member = await declaredKeys(cluster);
  expect(member.manager.deployment.publish).toBe('spublish');
  for (const keys of await threeLogs(member)) await exercise(member, keys);
  for (const name of NAMES) {
    const masters = member.ran.filter((ran) => ran.name === name).map(({ master }) => master);
    expect([name, new Set(masters)]).toEqual([name, new Set([0, 1, 2])]);
  }
  expect(NAMES.toSorted()).toEqual(['log.append', 'log.create']);
});

test('a log on each master is followed live', async () => {
  const member = await declaredKeys(cluster);
  const { log } = member.manager;
  const stop = new AbortController();
  for (const keys of await threeLogs(member)) {
    await log.create(keys);
    const seen: number[] = [];
    const following = (async () => {
      for await (const item of log.tail(keys, { after: { seq: 0 }, signal: stop.signal }))
        if (item.kind === 'entry') seen.push(item.entry.seq);
    })();
    // By its one subscription, not by reading the stream again and again.
    const { master } = await member.nodeOf(keys.head);
    const subscribers = ['PUBSUB', 'SHARDNUMSUB', keys.channel];
    const subscribed = JSON.stringify([keys.channel, 1]);
    await eventually(async () => expect(await cluster.nodes[master]?.cli(...subscribers)).toBe(subscribed));
    for (let n = 0; n < 20; n++) await log.append(keys, { data: { n } });
    await eventually(() => expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => n + 1)));
    void following;
  }
  stop.abort();
});

test('this cluster refuses a script that touches a key of another master, and one whose keys lie on two', async () => {
  const member = await declaredKeys(cluster);
  const [here, there] = (await threeLogs(member)) as [LogKeys, LogKeys];
  const { node } = await member.nodeOf(here.head);
  const lua = "return redis.call('HSET', KEYS[1], 'n', 1) + redis.call('HSET', ARGV[1], 'n', 1)";
  // With all rights, so that it is the Cluster that refuses.
  await expect(node.call(['EVAL', lua, '1', here.head, there.head])).rejects.toThrow(/non local key/);
  await expect(node.call(['EVAL', 'return 1', '2', here.head, there.head])).rejects.toThrow(/CROSSSLOT/);
  await expect(node.call(['EVAL', 'return 1', '1', there.head])).rejects.toThrow(/MOVED/);
});

/** As Redis 7.0 says it, and later ones. */
const REFUSED = /The user executing the script can't|No permissions to access/;

test('a script that touches a key of its own slot without declaring it is seen here too', async () => {
  const member = await declaredKeys(cluster);
  const [keys] = (await threeLogs(member)) as [LogKeys];
  const { node } = await member.nodeOf(keys.head);
  const lua = "return redis.call('HSET', KEYS[1], 'n', 1) + redis.call('HSET', ARGV[1], 'n', 1)";
  const undeclared = { lua, keys: [keys.head], args: [keys.stream] };
  await expect(node.run(undeclared)).rejects.toThrow(REFUSED);
  expect(await node.run({ ...undeclared, keys: [keys.head, keys.stream] })).toBe(1);
  const publishes = { lua: "return redis.call('PUBLISH', ARGV[1], 'x')", keys: [keys.head] };
  await expect(node.run({ ...publishes, args: ['elsewhere'] })).rejects.toThrow(REFUSED);
  expect(await node.run({ ...publishes, args: [keys.channel] })).toBe(0);
});
