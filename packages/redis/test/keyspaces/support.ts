import { startRedis, type TestRedis } from '@taproot/testkit';
import { onTestFinished } from 'vitest';
import { createRedisManager, type RedisManager } from '../../src/index.ts';

/** A manager on a server of its own, for the running test. */
export async function managed(): Promise<{ readonly redis: TestRedis; readonly manager: RedisManager }> {
  const redis = await startRedis();
  const manager = createRedisManager({ url: redis.url, allowSecond: true });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 10_000 });
  return { redis, manager };
}
