import { createRedisManager, type RedisManager } from '@taproot/redis';
import { startRedis, type TestRedis } from '@taproot/testkit';
import { createClient } from 'redis';

type Oracle = ReturnType<typeof connect>;

/** A real Redis on loopback, a manager of it, and a connection of the test's own that knows the truth. */
export interface Rig {
  readonly redis: TestRedis;
  readonly manager: RedisManager;
  readonly oracle: Oracle;
  close(): Promise<void>;
}

/** `DEBUG` is needed for slow commands and many keys at once. */
export async function startRig(...args: string[]): Promise<Rig> {
  const redis = await startRedis({ args: ['--enable-debug-command', 'yes', ...args] });
  const manager = createRedisManager({ url: redis.url, allowSecond: true });
  const oracle = connect(redis.url);
  const close = async (): Promise<void> => {
    if (oracle.isOpen) oracle.destroy();
    await manager.close();
    await redis.stop();
  };
  try {
    await Promise.all([manager.ready({ timeoutMs: 20_000 }), oracle.connect()]);
  } catch (error) {
    await close();
    throw error;
  }
  return { redis, manager, oracle, close };
}

function connect(url: string) {
  const client = createClient({ url, RESP: 3, socket: { reconnectStrategy: () => 50 } });
  return client.on('error', () => undefined);
}
