import { onTestFinished } from 'vitest';
import { createRedisManager, type RedisManager, type RedisManagerOptions } from '../../src/index.ts';

/** A manager that is ready, for the running test; several may be on one server, as those of several processes are. */
export async function readyManager(url: string, options: RedisManagerOptions = {}): Promise<RedisManager> {
  const manager = createRedisManager({ url, allowSecond: true, ...options });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 10_000 });
  return manager;
}
