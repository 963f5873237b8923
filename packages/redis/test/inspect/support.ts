import { startRedis, type TestRedis } from '@taproot/testkit';
import { createClient, type RedisClientType } from 'redis';
import { onTestFinished } from 'vitest';
import { createRedisManager, type InspectOptions, type InspectReport } from '../../src/index.ts';

/** A server with a manager, for the running test. */
export async function inspected(
  args: readonly string[] = [],
): Promise<{ readonly redis: TestRedis; inspect(options?: InspectOptions): Promise<InspectReport> }> {
  const redis = await startRedis({ args });
  const manager = createRedisManager({ url: redis.url, allowSecond: true });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 10_000 });
  return { redis, inspect: (options) => manager.inspect(options) };
}

/** A connection of somebody else. */
export async function clientOf(redis: TestRedis, name = ''): Promise<RedisClientType> {
  const socket = { reconnectStrategy: false } as const;
  const client = createClient({ url: redis.url, socket, ...(name !== '' && { name }) });
  client.on('error', () => undefined);
  onTestFinished(() => void (client.isOpen && client.destroy()));
  await client.connect();
  return client as unknown as RedisClientType;
}
