import { mkdirSync, rmdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { eventually, type FaultProxy, faultProxy, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { createRedisManager, type RedisManager } from '../../src/index.ts';
import { connectionsOf, loadOf, mostResources, resources, Work } from './work.ts';

interface Site {
  readonly redis: TestRedis;
  readonly proxy: FaultProxy;
  readonly manager: RedisManager;
  readonly work: Work;
}

interface Fault {
  readonly name: string;
  /** Makes the fault and holds until it has been felt. */
  readonly make: (site: Site) => Promise<void>;
  readonly heal: (site: Site) => Promise<void>;
  /** The error codes that its callers may be told. */
  readonly codes: readonly string[];
}

const AWAY = ['connection-lost', 'timeout', 'circuit-open', 'not-ready', 'queue-full'];

/** Some caller was told one of the fault's codes. */
async function felt({ work }: Site, ...codes: readonly string[]): Promise<void> {
  await eventually(() => expect(codes.some((code) => work.codes.has(code))).toBe(true));
}

const FAULTS: readonly Fault[] = [
  {
    name: 'a server that is killed and started again',
    make: async (site) => {
      await site.redis.kill();
      await felt(site, 'timeout');
    },
    heal: ({ redis }) => redis.restart(),
    codes: AWAY,
  },
  {
    name: 'a frozen server',
    make: async (site) => {
      site.redis.freeze();
      await felt(site, 'timeout');
    },
    heal: async ({ redis }) => redis.thaw(),
    codes: AWAY,
  },
  {
    name: 'a network that loses everything for a while',
    make: async (site) => {
      site.proxy.blackhole();
      await felt(site, 'timeout');
    },
    heal: ({ proxy }) => proxy.restore(),
    codes: AWAY,
  },
  {
    name: 'a half-open connection',
    make: async (site) => {
      site.proxy.halfOpen();
      await felt(site, 'timeout');
      await site.proxy.restore();
      const { ok } = site.work.tally;
      await eventually(() => expect(site.work.tally.ok).toBeGreaterThan(ok));
    },
    // Only now the server learns that the old ones are gone.
    heal: async ({ proxy }) => proxy.reset(),
    codes: AWAY,
  },
  {
    name: 'connections that are reset again and again',
    make: async (site) => {
      for (let n = 0; n < 5; n++) {
        const { ok } = site.work.tally;
        site.proxy.reset();
        await eventually(() => expect(site.work.tally.ok).toBeGreaterThan(ok));
      }
    },
    heal: async () => undefined,
    codes: AWAY,
  },
  {
    name: 'replies that come after the deadline',
    make: async (site) => {
      site.proxy.latency(600);
      await felt(site, 'timeout');
    },
    heal: ({ proxy }) => proxy.restore(),
    codes: AWAY,
  },
  {
    name: 'connections that the server ends (CLIENT KILL)',
    make: async ({ redis, work }) => {
      for (let n = 0; n < 5; n++) {
        const { ok } = work.tally;
        await redis.cli('CLIENT', 'KILL', 'TYPE', 'normal');
        await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await eventually(() => expect(work.tally.ok).toBeGreaterThan(ok));
      }
    },
    heal: async () => undefined,
    codes: AWAY,
  },
  {
    name: 'a server that becomes a replica (READONLY)',
    make: async (site) => {
      await site.redis.cli('REPLICAOF', '127.0.0.1', '1');
      await felt(site, 'readonly');
    },
    heal: async ({ redis }) => {
      await redis.cli('REPLICAOF', 'NO', 'ONE');
    },
    codes: ['readonly', ...AWAY],
  },
  {
    name: 'a full memory (noeviction)',
    make: async (site) => {
      await site.redis.cli('CONFIG', 'SET', 'maxmemory', '1');
      await felt(site, 'oom');
    },
    heal: async ({ redis }) => {
      await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
    },
    codes: ['oom'],
  },
  {
    name: 'a server that cannot write to its disk (MISCONF)',
    make: async (site) => {
      // A folder where the snapshot should be cannot be replaced by it, not even by root.
      mkdirSync(join(site.redis.dir, 'dump.rdb'));
      await site.redis.cli('CONFIG', 'SET', 'save', '3600 1');
      await site.redis.cli('BGSAVE');
      await felt(site, 'misconf');
    },
    heal: async ({ redis }) => {
      rmdirSync(join(redis.dir, 'dump.rdb'));
      await redis.cli('CONFIG', 'SET', 'save', '');
      await redis.cli('BGSAVE');
    },
    codes: ['misconf'],
  },
  {
    name: 'a server without a place for another client (maxclients)',
    make: async (site) => {
      await site.redis.cli('CONFIG', 'SET', 'maxclients', '3');
      crowd = new Crowd(site.redis.port);
      await eventually(() => {
        if (site.manager.health().error?.code !== 'maxclients') site.proxy.reset();
        expect(site.manager.health().error?.code).toBe('maxclients');
      });
    },
    heal: async ({ redis }) => {
      await crowd?.leave();
      await eventually(() => redis.cli('CONFIG', 'SET', 'maxclients', '10000'));
    },
    codes: ['maxclients', ...AWAY],
  },
];

/** Takes every place that becomes free. */
class Crowd {
  readonly #sockets = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;

  constructor(port: number) {
    this.#timer = setInterval(() => {
      if (this.#sockets.size >= 8) return;
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket)).resume();
      this.#sockets.add(socket);
    }, 2);
  }

  async leave(): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    await eventually(() => expect(this.#sockets.size).toBe(0));
  }
}
let crowd: Crowd | undefined;

test.each(FAULTS)('$name: what callers are told is true, and nothing is left of it', async (fault) => {
  const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const proxy = await faultProxy({ target: { port: redis.port } });
  const manager = createRedisManager({ url: proxy.url, probeIntervalMs: 200, allowSecond: true });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 10_000 });
  const before = await mostResources();
  const work = new Work(manager);
  await eventually(() => expect(work.tally.ok).toBeGreaterThan(50));
  const site = { redis, proxy, manager, work };

  await fault.make(site);
  await fault.heal(site);

  const { ok } = work.tally;
  await eventually(() => expect(work.tally.ok).toBeGreaterThan(ok + 50));
  await manager.ready({ timeoutMs: 10_000 });
  await work.stop();
  await work.expectTrue(redis);
  expect([...work.codes].filter((code) => !fault.codes.includes(code))).toEqual([]);
  // Between the manager's own probes.
  await eventually(() => expect(loadOf(manager)).toEqual({ open: 0, waiting: 0, waitingBytes: 0 }));
  await eventually(async () =>
    expect(await connectionsOf(redis)).toEqual(['taproot:command:manager', 'taproot:subscriber:manager']),
  );
  await eventually(() => {
    const { timers, sockets } = resources();
    expect(timers).toBeLessThanOrEqual(before.timers);
    expect(sockets).toBeLessThanOrEqual(before.sockets);
  });
});
