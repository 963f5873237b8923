import { Cache, type CacheOptions } from '../../src/cache/index.ts';
import { createRedisManager } from '../../src/index.ts';

// Fills a cache of 12 MiB with values of several shapes, and tells how much memory the copies take.
const manager = createRedisManager({ url: process.argv[2] ?? '' });
await manager.ready();
const SHAPES: Readonly<Record<string, (n: number) => unknown>> = {
  objects: (n) => ({
    id: n,
    name: `n${n}`,
    flags: [true, false, n],
    inner: { a: 1, b: { c: `${n}` } },
    [`k${n % 7}`]: 1,
  }),
  texts: (n) => `${n}`.repeat(300),
  tagged: (n) => n,
};

async function fill(shape: string, make: (n: number) => unknown): Promise<void> {
  const options: CacheOptions<unknown> = {
    namespace: shape,
    localMaxBytes: 12 * 2 ** 20,
    localMaxEntries: 1_000_000,
    deadlineMs: 10_000,
  };
  const cache = new Cache(manager, options);
  for (let from = 0; from < 20_000; from += 1000) {
    const keys = Array.from({ length: 1000 }, (_, n) => from + n);
    const write = (n: number): Promise<void> =>
      cache.set(`key ${n}`, make(n), shape === 'tagged' ? { tags: [`t${n}`] } : {});
    await Promise.all(keys.map(write));
  }
  const before = await heap();
  for (let n = 0; n < 20_000; n += 500)
    await cache.getMany(Array.from({ length: 500 }, (_, at) => `key ${n + at}`));
  const { local } = cache.statistics();
  console.log(`${shape}: entries ${local.entries}, counted ${local.bytes}, taken ${(await heap()) - before}`);
  await cache.close();
}

/** Memory that is in use after a collection, outside of the heap too. */
async function heap(): Promise<number> {
  for (let n = 0; n < 3; n++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

for (const [shape, make] of Object.entries(SHAPES)) await fill(shape, make);
await manager.close();
