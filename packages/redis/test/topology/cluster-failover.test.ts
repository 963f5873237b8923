import { caughtUp, eventually, startCluster, type TestCluster, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { type Health, logKeys, type RedisManager, type RedisManagerError } from '../../src/index.ts';
import { connectionsTo, managerOn, tagOn } from '../support/cluster-site.ts';
import { Load } from '../support/load.ts';

interface Site {
  readonly cluster: TestCluster;
  readonly masters: readonly [TestRedis, TestRedis, TestRedis];
  readonly manager: RedisManager;
  /** A hash tag for each master. */
  readonly tags: readonly [string, string, string];
  readonly told: readonly Health[];
}

async function site(replicas: number, args: readonly string[] = []): Promise<Site> {
  const cluster = await startCluster({ masters: 3, replicas, args });
  const masters = cluster.nodes.slice(0, 3) as [TestRedis, TestRedis, TestRedis];
  const manager = await managerOn(cluster);
  const tags = (await Promise.all(masters.map((node) => tagOn(cluster, node)))) as [string, string, string];
  const told: Health[] = [];
  manager.on('state', (health) => told.push(health));
  return { cluster, masters, manager, tags, told };
}

function loadOn({ manager, tags }: Site, deadlineMs?: number): Load {
  const load = new Load(manager, tags, deadlineMs);
  onTestFinished(() => load.stop());
  return load;
}

/** Without it all masters refuse everything until the replica has taken over. */
const GO_ON = ['--cluster-require-full-coverage', 'no'];
const WAIT = { timeoutMs: 30_000 };

function progress(load: Load, keys: readonly string[], by = 20): Promise<void> {
  const before = keys.map((key) => load.tally(key).ok);
  return eventually(() => {
    for (const [index, key] of keys.entries())
      expect(load.tally(key).ok).toBeGreaterThan((before[index] ?? 0) + by);
  }, WAIT);
}

/** What the server counted. */
async function counted({ cluster }: Site, key: string): Promise<number> {
  return Number(await (await cluster.masterOf(await cluster.slotOf(key))).cli('GET', key));
}

test('when a master is killed its replica takes over: only calls to its slots wait, and none is doubled', async () => {
  const here = await site(1, GO_ON);
  const { cluster, manager, masters, tags, told } = here;
  const [lost, ...others] = tags;
  const load = loadOn(here);
  await progress(load, tags);
  await masters[0].kill();
  await eventually(() => expect(manager.state).toBe('degraded'));
  expect(manager.health().reason).toContain(`1 of 3 masters; Redis at 127.0.0.1:${masters[0].port}`);
  await progress(load, others);
  await progress(load, tags);
  await eventually(() => expect(manager.state).toBe('ready'), WAIT);
  await load.stop();
  expect(told.map(({ state }) => state)).not.toContain('down');
  expect(load.errors.filter(({ node }) => node !== `127.0.0.1:${masters[0].port}`)).toEqual([]);
  for (const key of others) expect(await counted(here, key)).toBe(load.tally(key).ok);
  // Replication is not waited for, so acknowledged writes may be lost with their master; but nothing counts twice.
  const { ok, unknown } = load.tally(lost);
  expect(await counted(here, lost)).toBeLessThanOrEqual(ok + unknown);
  expect(manager.node).toContain(`127.0.0.1:${cluster.replicasOf(masters[0])[0]?.port}`);
  await masters[0].restart();
  await cluster.settled();
  await progress(loadOn(here), tags);
  expect(await connectionsTo(masters[0])).toEqual([]);
});

test('where the other masters refuse everything until the replica has taken over, calls wait, and those to the others all succeed', async () => {
  const here = await site(1);
  const { manager, masters, tags } = here;
  const load = loadOn(here);
  await progress(load, tags);
  await masters[0].kill();
  await eventually(
    async () => expect(await masters[1].cli('CLUSTER', 'INFO')).toContain('cluster_state:fail'),
    WAIT,
  );
  // More than the budget of retries has.
  const keys = Array.from({ length: 300 }, (_, n) => `${tags[1]}${n}`);
  await Promise.all(keys.map((key) => manager.call(['SET', key, '1'], { deadlineMs: 20_000 })));
  await progress(load, tags);
  await eventually(() => expect(manager.state).toBe('ready'), WAIT);
  await load.stop();
  expect(load.errors.filter(({ node }) => node !== `127.0.0.1:${masters[0].port}`)).toEqual([]);
  for (const key of tags.slice(1)) expect(await counted(here, key)).toBe(load.tally(key).ok);
});

test('a master that freezes is replaced, and is not gone back to when it thaws', async () => {
  const here = await site(1, GO_ON);
  const { cluster, manager, masters, tags } = here;
  const [lost, ...others] = tags;
  const load = loadOn(here, 1000);
  await progress(load, tags);
  const states: string[] = [];
  manager.on('state', ({ state }) => states.push(state));
  masters[0].freeze();
  await eventually(() => expect(states.length).toBeGreaterThan(0), WAIT);
  await progress(load, tags);
  await eventually(() => expect(manager.state).toBe('ready'), WAIT);
  for (const key of others) expect(load.tally(key)).toMatchObject({ unknown: 0, no: 0 });
  masters[0].thaw();
  await cluster.settled();
  await progress(load, tags);
  await load.stop();
  for (const key of others) expect(await counted(here, key)).toBe(load.tally(key).ok);
  const { ok, unknown } = load.tally(lost);
  expect(await counted(here, lost)).toBeLessThanOrEqual(ok + unknown);
  await eventually(async () => expect(await connectionsTo(masters[0])).toEqual([]), WAIT);
});

test('a failover by order loses no call', async () => {
  const here = await site(1);
  const { cluster, manager, masters, tags } = here;
  const load = loadOn(here);
  await progress(load, tags);
  const [replica] = cluster.replicasOf(masters[1]) as [TestRedis];
  await cluster.failover(replica);
  await progress(load, tags);
  await cluster.failover(masters[1]);
  await progress(load, tags);
  await load.stop();
  expect(load.errors).toEqual([]);
  for (const key of tags) expect(await counted(here, key)).toBe(load.tally(key).ok);
  await eventually(() => expect(manager.state).toBe('ready'));
  const both = ['taproot:command:manager', 'taproot:subscriber:manager'];
  for (const node of masters)
    await eventually(async () => expect(await connectionsTo(node)).toEqual(both), WAIT);
  await eventually(async () => expect(await connectionsTo(replica)).toEqual([]), WAIT);
});

test('a write that a master holds up until it is none any more goes on to the next one', async () => {
  const here = await site(1);
  const { cluster, manager, masters, tags } = here;
  const [replica] = cluster.replicasOf(masters[0]) as [TestRedis];
  // As in a failover by order on a slow machine.
  await masters[0].cli('CLIENT', 'PAUSE', '3000', 'WRITE');
  const written = manager.call(['INCR', tags[0]], { deadlineMs: 20_000 });
  await replica.cli('CLUSTER', 'FAILOVER', 'TAKEOVER');
  expect(await written).toBe(1);
  expect(await counted(here, tags[0])).toBe(1);
});

test('a log is followed over a failover without a hole', async () => {
  const { cluster, manager, masters, tags } = await site(1);
  const keys = logKeys(`test:${tags[0]}`);
  await manager.log.create(keys);
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const seen: number[] = [];
  const positions: string[] = [];
  const following = (async () => {
    for await (const item of manager.log.tail(keys, { after: { seq: 0 }, signal: stop.signal })) {
      if (item.kind === 'entry') seen.push(item.entry.seq);
      else positions.push(item.mode);
    }
  })();
  const ids = keys.head.replace(':head', ':ids');
  let last = 0;
  const append = async (n: number): Promise<void> => {
    const once = { key: ids, id: `id-${n}`, digest: String(n) };
    try {
      last = (await manager.log.append(keys, { data: { n }, once, deadlineMs: 2000 })).seq;
    } catch (error) {
      if (!(error as RedisManagerError).retryable) throw error;
      // Under the same id it is safe to append again, whatever became of it.
      await append(n);
    }
  };
  for (let n = 1; n <= 50; n++) await append(n);
  const [replica] = cluster.replicasOf(masters[0]);
  await caughtUp(replica as TestRedis, masters[0]);
  await masters[0].kill();
  for (let n = 51; n <= 100; n++) await append(n);
  expect(last).toBe(100);
  await eventually(() => expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => index + 1)));
  expect(positions).toEqual(['resumed']);
  const head = await (await cluster.masterOf(await cluster.slotOf(keys.head))).cli('HGET', keys.head, 'seq');
  expect(head).toBe('100');
  stop.abort();
  await following;
});

test('while a master without a replica is dead and the others refuse to go on without it, the state is down', async () => {
  const here = await site(0);
  const { manager, masters, tags } = here;
  await masters[2].kill();
  await eventually(() => expect(manager.state).toBe('down'), WAIT);
  expect(manager.health().reason).toContain('CLUSTERDOWN');
  const refused = manager.call(['SET', tags[0], '1'], { deadlineMs: 300 });
  await expect(refused).rejects.toMatchObject({ code: 'clusterdown', applied: 'no', retryable: true });
  const waits = manager.call(['SET', tags[0], '2'], { deadlineMs: 30_000 });
  await masters[2].restart();
  expect(await waits).toBe('OK');
  await eventually(() => expect(manager.state).toBe('ready'), WAIT);
});

test('where the others go on without it, only the slots of a dead master fail', async () => {
  const here = await site(0, GO_ON);
  const { manager, masters, tags } = here;
  const [one, two, lost] = tags;
  await masters[2].kill();
  await eventually(() => expect(manager.state).toBe('degraded'), WAIT);
  expect(manager.health().reason).toContain(`1 of 3 masters; Redis at 127.0.0.1:${masters[2].port}`);
  // The Cluster knows by now.
  await eventually(
    async () => expect(await masters[0].cli('CLUSTER', 'INFO')).toContain('cluster_slots_fail:5460'),
    WAIT,
  );
  for (const tag of [one, two]) expect(await manager.call(['SET', tag, '1'])).toBe('OK');
  await expect(manager.call(['SET', lost, '1'], { deadlineMs: 200 })).rejects.toMatchObject({
    applied: 'no',
  });
  await expect(manager.call(['SET', lost, '1'], { profile: 'cache' })).rejects.toMatchObject({
    code: 'not-ready',
  });
  await expect(manager.call(['FLUSHALL'], { deadlineMs: 200 })).rejects.toMatchObject({ applied: 'unknown' });
  expect(manager.state).toBe('degraded');
  await masters[2].restart();
  await eventually(() => expect(manager.state).toBe('ready'), WAIT);
  expect(await manager.call(['SET', lost, '1'])).toBe('OK');
});
