import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { createRedisManager, type RedisManager } from '@taproot/redis';
import { eventually, startCluster, startRedis, startSentinel, type TestRedis } from '@taproot/testkit';

const KEY = 'recovery';
const EVERY_MS = 2;

/** From Redis answering again to the first call of the manager that succeeds, after each kind of failure. */
export async function recovery(): Promise<void> {
  console.log('From Redis answering a raw client again to the first successful call, in ms');
  report('restart', await restarts(40));
  report('Sentinel failover', await sentinelFailovers(10));
  report('Cluster failover', await clusterFailovers(10));
  report('slot migration', await migrations(40));
}

async function restarts(rounds: number): Promise<number[]> {
  const redis = await startRedis();
  const found = await withManager(redis.url, async (manager) => {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await redis.kill();
      // Long enough that the manager's pauses between attempts have grown.
      await pause(200 + Math.random() * 800);
      const measured = recovered(manager, () => takesWrites(redis));
      await redis.restart();
      times.push(await measured);
    }
    return times;
  });
  await redis.kill();
  return found;
}

async function sentinelFailovers(rounds: number): Promise<number[]> {
  const sentinel = await startSentinel();
  return withManager(sentinel.url, async (manager) => {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const master = await sentinel.master();
      await master.kill();
      // A client of its own asks the sentinels too.
      times.push(
        await recovered(manager, async () => {
          const named = await sentinel.master();
          if (named === master) throw new RangeError('the old master is still named');
          await takesWrites(named);
        }),
      );
      await master.restart();
      await eventually(
        async () => {
          const info = await (await sentinel.master()).cli('INFO', 'replication');
          if ((info.match(/state=online/g)?.length ?? 0) < 2) throw new RangeError('not all in step yet');
        },
        { timeoutMs: 60_000 },
      );
    }
    return times;
  });
}

async function clusterFailovers(rounds: number): Promise<number[]> {
  const cluster = await startCluster({ masters: 3, replicas: 1 });
  const slot = await cluster.slotOf(KEY);
  const found = await withManager(cluster.url, async (manager) => {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const master = await cluster.masterOf(slot);
      await master.kill();
      const others = cluster.nodes.filter((node) => node !== master);
      times.push(await recovered(manager, () => Promise.any(others.map(takesWrites))));
      await master.restart();
      await cluster.settled();
    }
    return times;
  });
  await cluster.stop();
  return found;
}

/** The slot is always served, so here it is the longest time between two successes that counts. */
async function migrations(rounds: number): Promise<number[]> {
  const cluster = await startCluster({ masters: 3 });
  const slot = await cluster.slotOf(KEY);
  const found = await withManager(cluster.url, async (manager) => {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const from = await cluster.masterOf(slot);
      const to = cluster.nodes.find((node) => node !== from) as TestRedis;
      const moving = cluster.migrate(slot, to);
      times.push(await longestGap(manager, moving));
    }
    return times;
  });
  await cluster.stop();
  return found;
}

async function withManager(
  url: string,
  measure: (manager: RedisManager) => Promise<number[]>,
): Promise<number[]> {
  const manager = createRedisManager({ url });
  await manager.ready({ timeoutMs: 30_000 });
  try {
    return await measure(manager);
  } finally {
    await manager.close();
  }
}

/** Starts when the fault is there. */
async function recovered(manager: RedisManager, rawCall: () => Promise<void>): Promise<number> {
  const [raw, ours] = await Promise.all([
    firstSuccess(rawCall),
    firstSuccess(() => manager.call(['SET', KEY, 'ours'], { deadlineMs: 100 })),
  ]);
  return Math.max(0, ours - raw);
}

async function takesWrites(node: TestRedis): Promise<void> {
  const reply = await node.cli('SET', KEY, 'raw');
  if (reply !== 'OK') throw new RangeError(reply);
}

async function firstSuccess(call: () => Promise<unknown>): Promise<number> {
  for (;;) {
    try {
      await call();
      return performance.now();
    } catch {
      // That it fails is what is being timed.
      await pause(EVERY_MS);
    }
  }
}

async function longestGap(manager: RedisManager, until: Promise<void>): Promise<number> {
  let done = false;
  const end = until.finally(() => {
    done = true;
  });
  let last = performance.now();
  let longest = 0;
  while (!done) {
    await manager.call(['SET', KEY, 'ours']);
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
    await pause(EVERY_MS);
  }
  await end;
  return longest;
}

function report(name: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(0);
  console.log(
    `${name.padEnd(18)} ${String(times.length).padStart(3)} rounds  p50 ${at(0.5).padStart(5)}  p99 ${at(0.99).padStart(5)}  max ${at(1).padStart(5)}`,
  );
}
