import { eventually, startCluster, type TestCluster } from '@taproot/testkit';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Locks } from '../src/locks/index.ts';
import { type ChannelItem, PubSub } from '../src/pubsub/index.ts';
import { RateLimit } from '../src/rate-limit/index.ts';
import { Revocations } from '../src/revocations/index.ts';
import { Sessions } from '../src/sessions/index.ts';
import { readyManager } from './support/ready-manager.ts';

// Three masters for the file: on one a key in another slot would go unnoticed.
let cluster: TestCluster;
let url: string;
beforeAll(async () => {
  cluster = await startCluster({ masters: 3 });
  url = `redis+cluster://127.0.0.1:${cluster.nodes[0]?.port}`;
});
afterAll(() => cluster.stop());

const NAMES = Array.from({ length: 20 }, (_, n) => `name ${n}`);

/** How many keys of a prefix each master holds. */
function spread(prefix: string): Promise<number[]> {
  return Promise.all(
    cluster.nodes.map(async (node) => (JSON.parse(await node.cli('KEYS', `${prefix}:*`)) as string[]).length),
  );
}

test('locks are taken, waited for and given back on all masters', async () => {
  const [here, there] = [new Locks(await readyManager(url)), new Locks(await readyManager(url))];
  const leases = await Promise.all(NAMES.map((name) => here.acquire(name)));
  expect((await spread('lock')).every((count) => count > 0)).toBe(true);
  await expect(there.acquire('name 0', { waitMs: 0 })).rejects.toMatchObject({ code: 'lock-held' });
  const waiting = NAMES.map((name) => there.acquire(name, { waitMs: 30_000 }));
  expect(await Promise.all(leases.map((lease) => lease.release()))).toEqual(NAMES.map(() => true));
  const next = await Promise.all(waiting);
  for (const [n, lease] of next.entries()) {
    expect(lease.fence).toBeGreaterThan(leases[n]?.fence ?? 0);
    const document = `document ${n}`;
    await there.fencedSet(document, 'new', lease.fence);
    await expect(here.fencedSet(document, 'old', leases[n]?.fence ?? 0)).rejects.toMatchObject({
      code: 'fence',
    });
    expect(await there.fencedGet(document, lease.fence)).toBe('new');
  }
  await Promise.all(next.map((lease) => lease.release()));
});

test('rate limits count on all masters', async () => {
  const limits = { hour: { count: 2, periodMs: 3_600_000 }, day: { count: 3, periodMs: 86_400_000 } };
  const rateLimit = new RateLimit(await readyManager(url), { name: 'api', limits, fails: 'closed' });
  for (const key of NAMES) {
    const results = [await rateLimit.take(key), await rateLimit.take(key), await rateLimit.take(key)];
    expect(results.map(({ allowed, failure }) => [allowed, failure])).toEqual([
      [true, undefined],
      [true, undefined],
      [false, undefined],
    ]);
  }
  expect((await spread('rate')).every((count) => count > 0)).toBe(true);
});

test('sessions live, change and end on all masters, and every process hears of it', async () => {
  const [here, there] = [
    new Sessions<number>(await readyManager(url)),
    new Sessions<number>(await readyManager(url)),
  ];
  const heard = new Set<string>();
  let active = false;
  const off = there.watch({
    revoked: (id) => heard.add(id),
    recheck: () => {
      active = true;
    },
  });
  await eventually(() => expect(active).toBe(true));
  const ended: string[] = [];
  for (const user of NAMES) {
    const [one, two] = [await here.create(user, 1), await here.create(user, 1)];
    expect(await there.touch(one.token)).toMatchObject({ user, data: 1 });
    expect(await there.update(one.token, 2, 1)).toMatchObject({ data: 2, version: 2 });
    expect(await here.get(one.token)).toMatchObject({ data: 2 });
    expect(await there.list(user)).toHaveLength(2);
    expect(await here.destroy(one.token)).toBe(true);
    if (user !== 'name 0') expect(await here.destroyAll(user)).toBe(1);
    ended.push(one.session.id, ...(user === 'name 0' ? [] : [two.session.id]));
    if (user === 'name 1') expect((await spread('session')).reduce((sum, count) => sum + count, 0)).toBe(2);
  }
  await eventually(() => expect([...heard].sort()).toEqual(ended.sort()));
  expect((await spread('session')).reduce((sum, count) => sum + count, 0)).toBe(2);
  await off();
});

test('a revocation reaches processes that are connected to any node', async () => {
  const processes = await Promise.all(
    cluster.nodes.map(
      async ({ port }) => new Revocations(await readyManager(`redis+cluster://127.0.0.1:${port}`)),
    ),
  );
  onTestFinished(() => Promise.all(processes.map((each) => each.close())).then(() => undefined));
  for (const each of processes) expect(await each.isRevoked('token')).toBe(false);
  await processes[0]?.revoke('token', { expiresAt: Date.now() + 60_000 });
  for (const each of processes)
    await eventually(async () => expect(await each.isRevoked('token')).toBe(true));
  expect(await processes[2]?.isRevoked('other')).toBe(false);
});

test('messages reach subscribers at any node, whatever the name of the channel', async () => {
  const managers = await Promise.all(
    cluster.nodes.map(({ port }) => readyManager(`redis+cluster://127.0.0.1:${port}`)),
  );
  const stop = new AbortController();
  for (const name of ['plain', '{tagged}', 'a b']) {
    const seen = managers.map(() => [] as ChannelItem<string>[]);
    for (const [n, manager] of managers.entries()) {
      const items = new PubSub(manager).channel<string>(name).messages({ signal: stop.signal });
      void (async () => {
        for await (const item of items) seen[n]?.push(item);
      })();
    }
    await eventually(() => expect(seen.map(({ length }) => length)).toEqual([1, 1, 1]));
    for (const manager of managers) await new PubSub(manager).channel<string>(name).publish('hello');
    await eventually(() => expect(seen.map(({ length }) => length)).toEqual([4, 4, 4]));
  }
  stop.abort();
});
