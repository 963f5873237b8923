import { createRedisManager, RedisManagerError } from '../../src/index.ts';
import { Locks } from '../../src/locks/index.ts';

// Takes the lock, and writes under it as soon as the key `go` exists, without a look at its signal: the worst of holders.
const [, , url = '', ttlMs = ''] = process.argv;
const manager = createRedisManager({ url });
await manager.ready();
const locks = new Locks(manager, { ttlMs: Number(ttlMs) });
const lease = await locks.acquire('job');
console.log(`fence ${lease.fence}`);
while ((await manager.call(['EXISTS', 'go'])) !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
console.log(`held ${lease.held}, aborted ${lease.signal.aborted}`);
try {
  await locks.fencedSet('document', 'late', lease.fence);
  console.log('written');
} catch (error) {
  console.log(`refused: ${error instanceof RedisManagerError ? error.code : error}`);
}
await manager.close();
