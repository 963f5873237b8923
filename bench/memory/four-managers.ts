import { Redis } from 'ioredis';
import { createClient, createClientPool } from 'redis';
import { serve, VALUE } from './workload.ts';

/** Connections of each pool; redis-py's and generic pools' examples have ten or more. */
const POOL = 10;
const url = process.env.BENCH_URL ?? '';

// As in the story: the backend's own manager, a wrapper beside the database, one for the cache, one for sign-in; each with its
// pool and its subscriber, two on each driver.
const main = createClientPool({ url }, { minimum: POOL, maximum: POOL });
const wrapper = createClientPool({ url }, { minimum: POOL, maximum: POOL });
await Promise.all([main.connect(), wrapper.connect()]);
const cache = Array.from({ length: POOL }, () => new Redis(url));
const auth = Array.from({ length: POOL }, () => new Redis(url));
for (let n = 0; n < 2; n++) {
  const subscriber = createClient({ url });
  await subscriber.connect();
  await subscriber.subscribe('events', () => undefined);
  await new Redis(url).subscribe('events');
}
const one = (pool: readonly Redis[], n: number): Redis => pool[n % pool.length] as Redis;
await serve({
  session: (n) => one(auth, n).set(`session:${n % 500}`, VALUE, 'EX', 60),
  cached: (n) => one(cache, n).get(`cache:${n % 500}`),
  state: (n) => wrapper.hSet(`agent:${n % 500}`, 'state', VALUE),
  count: (n) => main.incr(`counter:${n % 500}`),
});
