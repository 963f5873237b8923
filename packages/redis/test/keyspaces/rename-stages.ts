import { jsonCodec, type Keyspace, KeyspaceRegistry, type RenameStage } from '../../src/keyspaces/index.ts';

export const codec = jsonCodec<number>({ version: 1 });
export const shop = { owner: 'shop', ttlMs: 600_000, evictable: false } as const;
const registry = new KeyspaceRegistry();
export const old = registry.define({ ...shop, template: 'cart:<user>', type: 'string', codec });
export const oldCounts = registry.define({ ...shop, template: 'count:<user>', type: 'hash' });

/** The keyspace as the program of a stage declares it. */
export function at(stage: RenameStage): Keyspace<'shop:cart:{user}', 'string', number> {
  const replaces = { keyspace: old, stage };
  return new KeyspaceRegistry().define({
    ...shop,
    template: 'shop:cart:{user}',
    type: 'string',
    codec,
    replaces,
  });
}

export function countsAt(stage: RenameStage): Keyspace<'shop:count:{user}', 'hash', string> {
  const replaces = { keyspace: oldCounts, stage };
  return new KeyspaceRegistry().define({ ...shop, template: 'shop:count:{user}', type: 'hash', replaces });
}
