import { performance } from 'node:perf_hooks';
import { caughtUp, eventually, startCluster, startSentinel, type TestRedis } from '@taproot/testkit';
import { describe, expect, test } from 'vitest';
import type { Cache } from '../../src/cache/index.ts';
import { tagOn } from '../support/cluster-site.ts';
import { readyManager } from '../support/ready-manager.ts';
import { cacheOf, cacheOn, gate, live, warm } from './support.ts';

const BOUND = { maxStalenessMs: 1000 };
const WAIT = { timeoutMs: 30_000 };

interface Site {
  readonly url: string;
  /** Is at `master` now, and at one of `replicas` after it was killed. */
  readonly key: string;
  readonly master: TestRedis;
  readonly replicas: readonly TestRedis[];
}

async function sentinelSite(): Promise<Site> {
  const { url, nodes } = await startSentinel();
  const [master, ...replicas] = nodes as [TestRedis, ...TestRedis[]];
  return { url, key: 'k', master, replicas };
}

async function clusterSite(): Promise<Site> {
  const cluster = await startCluster({ masters: 3, replicas: 1 });
  const master = cluster.nodes[0] as TestRedis;
  const key = (await tagOn(cluster, master)).slice(1, -1);
  return { url: cluster.url, key, master, replicas: cluster.replicasOf(master) };
}

/** The replicas have what the master has, and it is gone. */
async function lose({ master, replicas }: Site): Promise<void> {
  for (const replica of replicas) await caughtUp(replica, master);
  await master.kill();
}

/** The present value to whoever is the master by then. */
function setWhenPossible(cache: Cache<string>, key: string, value: string): Promise<void> {
  return eventually(() => cache.set(key, value), WAIT);
}

describe.each([
  ['Sentinel', sentinelSite],
  ['Cluster', clusterSite],
])('when a master is lost (%s)', (_name, start) => {
  test('nobody reads what is older than the bound, nor ever goes back, and copies are kept again', async () => {
    const site = await start();
    const { url, key } = site;
    const [near, far] = await Promise.all([
      cacheOn<string>(url, BOUND),
      cacheOn<string>(url, { ...BOUND, deadlineMs: 250 }),
    ]);
    await near.set(key, 'old');
    await warm(far, key);
    let done = false;
    const read: { readonly value: string | undefined; readonly at: number }[] = [];
    const reading = (async () => {
      for (; !done; await new Promise((resolve) => setTimeout(resolve, 1))) {
        const at = performance.now();
        read.push({ value: await far.get(key), at });
      }
    })();
    await lose(site);
    await setWhenPossible(near, key, 'new');
    const setAt = performance.now();
    await eventually(
      () => expect(read.filter(({ value }) => value === 'new').length).toBeGreaterThan(50),
      WAIT,
    );
    await live(far);
    await warm(far, key);
    done = true;
    await reading;
    const values = read.map(({ value }) => value);
    expect(values.slice(values.indexOf('new'))).not.toContain('old');
    const lastOld = read.findLast(({ value }) => value === 'old')?.at ?? 0;
    expect(lastOld - setAt).toBeLessThanOrEqual(BOUND.maxStalenessMs);
    for (let n = 0; n < 3; n++) {
      await near.set(key, `newer ${n}`);
      await eventually(async () => expect(await far.get(key)).toBe(`newer ${n}`));
      await warm(far, key);
    }
  });

  test('a factory that was running stays the only one', async () => {
    const site = await start();
    const { url, key } = site;
    const [nearBy, farAway] = await Promise.all([readyManager(url), readyManager(url)]);
    const options = { leaseMs: 60_000, waitMs: 60_000 };
    const near = cacheOf<string>(nearBy, options);
    const far = cacheOf<string>(farAway, options);
    const slow = gate();
    const made = near.getOrSet(key, () => slow.opened.then(() => 'by near'));
    await eventually(() => expect(near.statistics().factory.runs).toBe(1));
    await lose(site);
    // Until then Redis does not answer: near could not store what it made, and far would have to make its own.
    for (const manager of [nearBy, farAway])
      await eventually(() => manager.call(['SET', `any{${key}}`, '1']), WAIT);
    let asked = 0;
    farAway.observe({ ended: ({ script }) => (asked += Number(script === 'cache.take-lease')) });
    const waiting = far.getOrSet(key, () => 'by far');
    await eventually(() => expect(asked).toBeGreaterThan(1));
    slow.open();
    expect(await Promise.all([made, waiting])).toEqual(['by near', 'by near']);
    expect(far.statistics().factory.runs).toBe(0);
  });
});
