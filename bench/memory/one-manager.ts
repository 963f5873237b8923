import { createRedisManager } from '@taproot/redis';
import { serve, VALUE } from './workload.ts';

const manager = createRedisManager({ url: process.env.BENCH_URL ?? '' });
await manager.ready();
const { commands } = manager;
manager.subscribe('events', { message: () => undefined });
await serve({
  session: (n) => commands.set(`session:${n % 500}`, VALUE, { expiration: { type: 'EX', value: 60 } }),
  cached: (n) => commands.get(`cache:${n % 500}`),
  state: (n) => commands.hSet(`agent:${n % 500}`, 'state', VALUE),
  count: (n) => commands.incr(`counter:${n % 500}`),
});
