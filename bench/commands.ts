import { createRedisManager } from '@taproot/redis';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { startServer } from './server.ts';
import { median } from './summary.ts';

const ROUNDS = 21;
const KEYS = 100;
const VALUE = 'x'.repeat(256);
const LOADS = [
  { concurrency: 1, calls: 4_000 },
  { concurrency: 50, calls: 20_000 },
  { concurrency: 1000, calls: 20_000 },
];

type Run = (call: number) => Promise<unknown>;

/** GET and SET in turn, 256-byte values: the manager beside the raw drivers, on one Redis, round by round. */
export async function commands(): Promise<void> {
  const { path, stop } = await startServer();
  const raw = createClient({ socket: { path, tls: false } });
  await raw.on('error', () => undefined).connect();
  const bare = createClient({ socket: { path, tls: false }, commandOptions: { timeout: 0 } });
  await bare.on('error', () => undefined).connect();
  const io = new Redis({ path, enableAutoPipelining: true });
  const manager = createRedisManager({ url: `unix://${path}` });
  await manager.ready({ timeoutMs: 10_000 });
  const { commands: typed } = manager;
  const peers: Readonly<Record<string, Run>> = {
    'node-redis': (i) => (i % 2 ? raw.get(key(i)) : raw.set(key(i), VALUE)),
    'node-redis, timeout: 0': (i) => (i % 2 ? bare.get(key(i)) : bare.set(key(i), VALUE)),
    'manager.commands': (i) => (i % 2 ? typed.get(key(i)) : typed.set(key(i), VALUE)),
    'manager.call': (i) => manager.call(i % 2 ? ['GET', key(i)] : ['SET', key(i), VALUE]),
    'ioredis, auto-pipelining': (i) => (i % 2 ? io.get(key(i)) : io.set(key(i), VALUE)),
  };
  for (const load of LOADS) await compare(peers, load);
  await manager.close();
  io.disconnect();
  raw.destroy();
  bare.destroy();
  await stop();
}

async function compare(
  peers: Readonly<Record<string, Run>>,
  { concurrency, calls }: (typeof LOADS)[number],
): Promise<void> {
  const rates = new Map<string, number[]>(Object.keys(peers).map((name) => [name, []]));
  // One round of each warms up; peers take turns, so that the machine's other load hits all alike.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, run] of Object.entries(peers)) {
      const rate = await callsPerSecond(run, calls, concurrency);
      if (round > 0) rates.get(name)?.push(rate);
    }
  }
  const base = rates.get('node-redis') ?? [];
  console.log(`\n${concurrency} at a time, ${calls} calls, median of ${ROUNDS} rounds`);
  for (const [name, values] of rates) {
    // Beside what node-redis did in the same round: the machine's other load hits both.
    const ratio = median(values.map((rate, round) => rate / (base[round] ?? Number.NaN)));
    console.log(
      `${name.padEnd(26)} ${median(values).toFixed(0).padStart(8)} calls/s  ${ratio.toFixed(2)} × node-redis`,
    );
  }
}

async function callsPerSecond(run: Run, calls: number, concurrency: number): Promise<number> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < calls) await run(next++);
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  return (calls / (performance.now() - startedAt)) * 1000;
}

function key(call: number): string {
  return `bench:${call % KEYS}`;
}
