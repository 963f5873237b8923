/**
 * A lock with a lease, and a fence that refuses the late write of a holder who lost it.
 *
 *   node --conditions=@taproot/source examples/locks.ts
 *
 * Uses REDIS_URL if it is set, otherwise an embedded Redis in a temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedisManager, Locks, RedisManagerError } from '@taproot/redis';

const dataDir = mkdtempSync(join(tmpdir(), 'example-locks-'));
const manager = createRedisManager({ app: 'example', dataDir });
await manager.ready({ timeoutMs: 10_000 });
const locks = new Locks(manager, { prefix: 'example:lock', ttlMs: 5000 });

// Runs while the lock is held; `signal` aborts if it is lost.
const result = await locks.withLock(
  'report',
  ({ fence, signal }) => `done, fence ${fence}, lost: ${signal.aborted}`,
);
console.log('work under a lock:', result);

// Somebody else holds it: refused at once, or waited for.
const first = await locks.acquire('report');
const refused = await codeOf(locks.acquire('report', { waitMs: 0 }));
console.log('tried while it is held:', refused);
const waiting = locks.acquire('report', { waitMs: 10_000 });
await first.release();
const second = await waiting;
console.log('given on after the release; the fence grew:', second.fence > first.fence);

// The first holder wakes up and writes, believing that it still holds the lock.
const document = 'example:document';
await locks.fencedSet(document, 'by the second', second.fence);
console.log('late write of the first:', await codeOf(locks.fencedSet(document, 'by the first', first.fence)));
console.log('the document was written', await locks.fencedGet(document, second.fence));

await second.release();
await manager.call(['DEL', document]);
await manager.close();
rmSync(dataDir, { recursive: true, force: true });

async function codeOf(failing: Promise<unknown>): Promise<string> {
  try {
    await failing;
    return 'no error';
  } catch (error) {
    if (!(error instanceof RedisManagerError)) throw error;
    return error.code;
  }
}
