/**
 * Looks into a Redis: memory by keyspace, connections by owner, keys that nobody declared, keys without the TTL that is declared.
 *
 *   node --conditions=@taproot/source examples/inspect.ts
 *
 * The command `npx taproot-redis inspect` prints the same report. Uses REDIS_URL if it is set, otherwise an embedded
 * Redis in a temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedisManager, defineKeyspace } from '@taproot/redis';

const carts = defineKeyspace({
  template: 'example:cart:<user>',
  owner: 'shop',
  type: 'string',
  ttlMs: 3_600_000,
  evictable: true,
});

const folder = mkdtempSync(join(tmpdir(), 'taproot-inspect-'));
const manager = createRedisManager({ app: 'example', dataDir: folder });
await manager.ready({ timeoutMs: 10_000 });

for (let user = 0; user < 200; user++) await carts.on(manager).set({ user }, 'apples '.repeat(user));
// What somebody wrote beside the keyspace: without its TTL, and under a name that nobody declared.
await manager.call(['SET', carts.key({ user: 'ann' }), 'pears']);
await manager.call(['SET', 'example:leftover:4711', 'x'.repeat(1000)]);

const report = await manager.inspect({ maxSamples: 100 });
for (const { name, owner, keys, memory } of report.keys?.keyspaces ?? []) {
  const size = memory === undefined ? 'unknown' : `${memory.bytes} ± ${memory.marginBytes} bytes`;
  console.log(`${name}  owner ${owner ?? 'none'}  ${keys} keys  ${size}`);
}
for (const { app, role, owner, connections } of report.connections?.owners ?? []) {
  console.log(`connection ${app}:${role}:${owner} × ${connections}`);
}
for (const { code, message } of report.findings) console.log(`${code}: ${message}`);

await manager.call(['UNLINK', 'example:leftover:4711']);
for await (const keys of carts.on(manager).scan()) await manager.call(['UNLINK', ...keys]);
await manager.close();
rmSync(folder, { recursive: true, force: true });
