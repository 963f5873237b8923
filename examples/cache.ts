/**
 * The cache: two processes' worth of it on one Redis. One factory for many callers, copies that follow changes, tags, stale values
 * while a new one is made, and an old value where none can be had.
 *
 *   node --conditions=@taproot/source examples/cache.ts
 *
 * Uses REDIS_URL if it is set, otherwise an embedded Redis in a temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Cache, createRedisManager } from '@taproot/redis';

interface Product {
  readonly id: string;
  readonly price: number;
}

const dataDir = mkdtempSync(join(tmpdir(), 'taproot-cache-'));
const managers = [1, 2].map(() => createRedisManager({ app: 'example', dataDir, allowSecond: true }));
await Promise.all(managers.map((manager) => manager.ready({ timeoutMs: 10_000 })));
const [here, there] = managers.map(
  (manager) => new Cache<Product>(manager, { namespace: 'example-products', graceMs: 60_000 }),
);
if (here === undefined || there === undefined) throw new TypeError('two caches');

// The table of a database that is slow and counts how often it is asked.
let price = 10;
let queries = 0;
async function load(id: string): Promise<Product> {
  queries++;
  await pause(50);
  return { id, price };
}
const product = (cache: Cache<Product>, id: string): Promise<Product> =>
  cache.getOrSet(id, () => load(id), { tags: ['products', `product:${id}`] });

const callers = Array.from({ length: 200 }, (_, n) => product(n % 2 ? here : there, 'apple'));
console.log(
  '200 callers got',
  new Set((await Promise.all(callers)).map((each) => each.price)),
  'after',
  queries,
  'query',
);

// Copies in the process: no question to Redis, until the entry is changed anywhere.
while (here.statistics().hits.local < 1000) await product(here, 'apple');
console.log('hits', here.statistics().hits, 'and still', queries, 'query');
price = 12;
await there.invalidateTags('product:apple');
await until(async () => (await product(here, 'apple')).price === 12);
console.log('after the invalidation of its tag elsewhere', (await product(here, 'apple')).price);

// What is not there is remembered too, for a shorter time.
await here.getOrSet('unicorn', () => undefined);
console.log('a product that is not there:', await there.getOrSet('unicorn', () => load('unicorn')));

// Stale: given at once, while a new value is made. In its grace it stands in where the factory fails.
const options = { ttlMs: 20, staleWhileRevalidateMs: 60_000 };
await here.set('pear', { id: 'pear', price: 1 }, options);
await until(async () => !(await here.has('pear')));
console.log('stale', await here.getOrSet('pear', () => load('pear'), options));
await until(async () => (await here.get('pear'))?.price === 12 || (await here.has('pear')));
await here.set('fig', { id: 'fig', price: 3 }, { ttlMs: 20 });
await until(async () => !(await here.has('fig')));
console.log('in its grace', await here.getOrSet('fig', () => Promise.reject(new TypeError('database away'))));

// Nobody changes the cache through what it gave.
const pear = await here.getOrSet('pear', () => load('pear'));
console.log('frozen:', Object.isFrozen(pear));

await here.clear();
for (const manager of managers) await manager.close();
rmSync(dataDir, { recursive: true, force: true });

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(5);
}
