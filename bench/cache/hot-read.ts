import { Cache, createRedisManager } from '@taproot/redis';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import { createClient } from 'redis';
import { startServer } from '../server.ts';
import { median } from '../summary.ts';

const ROUNDS = 9;
const KEYS = 1000;
const VALUE = { id: 7, name: 'Ann', roles: ['reader', 'writer'], text: 'x'.repeat(200) };

type Read = (key: string) => Promise<unknown>;

interface Peer {
  readonly read: Read;
  /** In one round, so that the rounds of all take about as long. */
  readonly reads: number;
}

/** Reads one after the other of values that every peer has had before: this cache and BentoCache beside a raw client's GET. */
export async function hotRead(): Promise<void> {
  const { path, stop } = await startServer();
  const raw = createClient({ socket: { path, tls: false } });
  await raw.on('error', () => undefined).connect();
  const manager = createRedisManager({ url: `unix://${path}` });
  await manager.ready({ timeoutMs: 10_000 });
  const cache = new Cache(manager, { namespace: 'bench', ttlMs: 3_600_000 });
  const [bento, plain] = [bentoOn(path, true), bentoOn(path, false)];
  const keys = Array.from({ length: KEYS }, (_, n) => `key:${n}`);
  for (const key of keys) {
    await raw.set(key, JSON.stringify(VALUE));
    await cache.set(key, VALUE);
    for (const peer of [bento, plain]) await peer.set({ key, value: VALUE, ttl: '1h' });
  }
  await compare(keys, {
    'node-redis GET': { read: (key) => raw.get(key), reads: 5_000 },
    'Cache.get': { read: (key) => cache.get(key), reads: 200_000 },
    'Cache.getOrSet': { read: (key) => cache.getOrSet(key, () => VALUE), reads: 200_000 },
    'BentoCache.get': { read: (key) => bento.get({ key }), reads: 100_000 },
    'BentoCache.get, serialize: false': { read: (key) => plain.get({ key }), reads: 100_000 },
  });
  const { hits } = cache.statistics();
  console.log(`Cache: ${hits.local} reads from this process, ${hits.redis} from Redis`);
  await cache.close();
  await Promise.all([bento.disconnectAll(), plain.disconnectAll()]);
  await manager.close();
  raw.destroy();
  await stop();
}

/** As its documentation sets it up for several processes: memory, Redis and a bus between the memories. */
function bentoOn(path: string, serialize: boolean) {
  const connection = { path };
  const store = bentostore()
    .useL1Layer(memoryDriver({ maxItems: 10_000, ...(serialize ? { maxSize: '16mb' } : { serialize }) }))
    .useL2Layer(redisDriver({ connection }))
    .useBus(redisBusDriver({ connection }));
  return new BentoCache({ default: 'multi', prefix: `bento-${serialize}`, stores: { multi: store } });
}

async function compare(keys: readonly string[], peers: Readonly<Record<string, Peer>>): Promise<void> {
  const figures = new Map<string, number[]>(Object.keys(peers).map((name) => [name, []]));
  // Two rounds warm up; peers take turns, so that the machine's other load hits all alike.
  for (let round = -2; round < ROUNDS; round++) {
    for (const [name, peer] of Object.entries(peers)) {
      const took = await nanosPerRead(peer, keys);
      if (round >= 0) figures.get(name)?.push(took);
    }
  }
  console.log(`${KEYS} keys, one read at a time, median of ${ROUNDS} rounds`);
  const of = (name: string): number => median(figures.get(name) ?? []);
  for (const name of figures.keys()) {
    const versus = ['node-redis GET', 'BentoCache.get'].map(
      (other) => `${(of(other) / of(name)).toFixed(1)} × ${other}`,
    );
    console.log(`${name.padEnd(34)} ${of(name).toFixed(0).padStart(7)} ns  ${versus.join('  ')}`);
  }
}

async function nanosPerRead({ read, reads }: Peer, keys: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  for (let n = 0; n < reads; n++) await read(keys[n % keys.length] as string);
  return ((performance.now() - startedAt) / reads) * 1e6;
}
