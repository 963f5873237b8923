/**
 * Keyspaces: declared families of keys, with an owner, a type, a version and a time to live. Then one of them gets a new
 * name while programs of the old and the new generation run beside each other.
 *
 *   node --conditions=@taproot/source examples/keyspaces.ts
 *
 * Uses REDIS_URL if it is set, otherwise an embedded Redis in a temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  backfillKeyspace,
  createRedisManager,
  defineKeyspace,
  dropReplaced,
  jsonCodec,
  KeyspaceRegistry,
  keyspaces,
  lintKeyspaces,
  RedisManagerError,
} from '@taproot/redis';

interface Cart {
  readonly items: readonly { readonly name: string; readonly count: number }[];
}

// Version 1 held names only. Values of it are read through the migration.
const codec = jsonCodec<Cart>({
  version: 2,
  migrations: {
    1: (old) => ({ items: (old as { items: string[] }).items.map((name) => ({ name, count: 1 })) }),
  },
});
const carts = { owner: 'shop', type: 'string', codec, ttlMs: 3_600_000, evictable: false } as const;
const cart = defineKeyspace({ ...carts, template: 'example:cart:<user>' });

const folder = mkdtempSync(join(tmpdir(), 'taproot-keyspaces-'));
const manager = createRedisManager({ app: 'example', dataDir: folder });
await manager.ready({ timeoutMs: 10_000 });
const store = cart.on(manager);

// Whatever the id holds, the key is safe, and tells the id again.
const ann = { user: 'ann {admin}:\n' };
await store.set(ann, { items: [{ name: 'apple', count: 2 }] });
console.log('key:', cart.key(ann), '→', cart.match(cart.key(ann)));
console.log('value:', JSON.stringify(await store.get(ann)), 'expires in', await store.ttlMs(ann), 'ms');

await manager.call(['SET', cart.key({ user: 'bob' }), 'v1 {"items":["pear"]}']);
console.log('of version 1:', JSON.stringify(await store.get({ user: 'bob' })));
await manager.call(['SET', cart.key({ user: 'eve' }), 'v3 {}']);
console.log('of version 3:', await store.get({ user: 'eve' }).catch(codeOf));
await store.delete({ user: 'eve' });

// A prefix has one owner.
try {
  defineKeyspace({ ...carts, owner: 'billing', template: 'example:cart:<user>:total' });
} catch (error) {
  console.log('refused:', codeOf(error), '-', (error as Error).message);
}
console.log('lint:', lintKeyspaces(keyspaces));

// A new name, with a slot tag: each stage is what the next release of the program declares.
const template = 'example:shop:cart:{user}';
const [dual, read, done] = (['dual-write', 'read-new', 'new-only'] as const).map((stage) =>
  new KeyspaceRegistry().define({ ...carts, template, replaces: { keyspace: cart, stage } }),
);
if (dual === undefined || read === undefined || done === undefined) throw new TypeError('three stages');
await dual.on(manager).set({ user: 'cat' }, { items: [] });
console.log('backfill:', await backfillKeyspace(manager, dual));
console.log('read under the new name:', JSON.stringify(await read.on(manager).get(ann)));
console.log('drop:', await dropReplaced(manager, done));
console.log('still there:', JSON.stringify(await done.on(manager).get(ann)));

for await (const keys of done.on(manager).scan()) await manager.call(['UNLINK', ...keys]);
await manager.close();
rmSync(folder, { recursive: true, force: true });

function codeOf(error: unknown): string {
  if (error instanceof RedisManagerError) return error.code;
  throw error;
}
