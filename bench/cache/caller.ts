import { Cache, createRedisManager } from '@taproot/redis';
import { CALLERS, FACTORY_MS, type Round } from './cold-key.ts';

const manager = createRedisManager({ url: process.env.BENCH_URL ?? '' });
await manager.ready();
const cache = new Cache<number>(manager, { namespace: 'cold' });

process.on('message', async (key: string) => {
  const before = cache.statistics().factory.runs;
  const startedAt = performance.now();
  const make = async (): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, FACTORY_MS));
    return 1;
  };
  await Promise.all(Array.from({ length: CALLERS }, () => cache.getOrSet(key, make)));
  const round: Round = {
    runs: cache.statistics().factory.runs - before,
    tookMs: performance.now() - startedAt,
  };
  process.send?.(round);
});
process.on('disconnect', () => void manager.close());
process.send?.('ready');
