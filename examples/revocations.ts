/**
 * A token that one process revokes is refused by another, which asks Redis only if what it knows is old.
 *
 *   node --conditions=@taproot/source examples/revocations.ts
 *
 * Uses REDIS_URL if it is set, otherwise an embedded Redis in a temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRedisManager, Revocations } from '@taproot/redis';

const dataDir = mkdtempSync(join(tmpdir(), 'example-revocations-'));
const manager = createRedisManager({ app: 'example', dataDir });
await manager.ready({ timeoutMs: 10_000 });

// Two lists as two processes would have them.
const prefix = 'example:revoked';
const here = new Revocations(manager, { prefix });
const there = new Revocations(manager, { prefix, maxStalenessMs: 2000 });

const token = `some.signed.token-${Math.random()}`;
console.log('before:', await there.isRevoked(token));
await here.revoke(token, { expiresAt: Date.now() + 60_000 });
while (!(await there.isRevoked(token))) await sleep(1);
console.log('after: the other list has it; it knows of', there.size, 'revoked');

// Answered from the list: a hash and a look-up.
const startedAt = performance.now();
for (let n = 0; n < 10_000; n++) await there.isRevoked(`token ${n}`);
console.log('10 000 questions took', Math.round(performance.now() - startedAt), 'ms');

await Promise.all([here.close(), there.close()]);
await manager.call(['DEL', `${prefix}:{all}:list`, `${prefix}:{all}:version`]);
await manager.close();
rmSync(dataDir, { recursive: true, force: true });
