import { Cache } from '../../src/cache/index.ts';
import { createRedisManager } from '../../src/index.ts';

// Uses a cache in every way, closes it in the middle of work, and ends only if nothing is left.
const manager = createRedisManager({ url: process.argv[2] ?? '' });
await manager.ready();
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
const before = timers();
const cache = new Cache<number>(manager, { namespace: 'test', staleWhileRevalidateMs: 60_000, ttlMs: 1 });
await cache.setMany([
  ['a', 1],
  ['b', 2],
]);
const never = (): Promise<number> => new Promise(() => undefined);
await cache.getOrSet('a', never);
const failed = [
  cache.getOrSet('c', never),
  cache.getOrSet('d', never, { signal: new AbortController().signal }),
];
await new Promise((resolve) => setTimeout(resolve, 100));
await Promise.all([Promise.allSettled(failed), cache.close()]);
const deadline = performance.now() + 10_000;
while (timers() > before && performance.now() < deadline)
  await new Promise((resolve) => setImmediate(resolve));
const left = timers() > before ? 'timers' : 'nothing';
await manager.close();
console.log(`closed, left: ${left}`);
