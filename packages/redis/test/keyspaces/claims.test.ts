import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  AgentState,
  Cache,
  defineKeyspace,
  keyspaces,
  Locks,
  RateLimit,
  type RedisManager,
  Revocations,
  Sessions,
} from '../../src/index.ts';
import { RedisCheckpointer } from '../../src/langgraph/index.ts';
import { managed } from './support.ts';

const limits = { minute: { count: 1, periodMs: 60_000 } };
/** Makes each feature with its keys under a prefix; and a key that it would have there. */
const FEATURES: Readonly<
  Record<string, readonly [make: (manager: RedisManager, prefix: string) => unknown, key: string]>
> = {
  cache: [(manager, prefix) => new Cache(manager, { namespace: 'a', prefix }), ':a:value:{k}'],
  'the leases of a cache': [
    (manager, prefix) => new Cache(manager, { namespace: 'a', prefix }),
    '.lease:a:{k}',
  ],
  'the tags of a cache with an odd name': [
    (manager, prefix) => new Cache(manager, { namespace: 'odd name', prefix }),
    ':odd%20name:tag:t',
  ],
  sessions: [(manager, prefix) => new Sessions(manager, { prefix }), ':{user}:1'],
  locks: [(manager, prefix) => new Locks(manager, { prefix }), ':{name}'],
  rateLimit: [(manager, prefix) => new RateLimit(manager, { name: 'login', limits, prefix }), ':login:ann'],
  revocations: [
    (manager, prefix) => {
      const revocations = new Revocations(manager, { prefix });
      void revocations.close();
    },
    ':{all}:list',
  ],
  agentState: [(manager, prefix) => new AgentState(manager, { prefix }), ':{id}'],
  langgraph: [(manager, prefix) => new RedisCheckpointer(manager, { prefix }), ':{thread}:index'],
};
const TAKEN = { code: 'keyspace-taken', applied: 'no' };

function shopDeclares(prefix: string): void {
  defineKeyspace({
    template: `${prefix}:<id>`,
    owner: 'shop',
    type: 'string',
    ttlMs: 1000,
    evictable: false,
  });
}

function freshPrefix(): string {
  return `p${randomUUID()}`;
}

describe.each(Object.entries(FEATURES))('a prefix has one owner: %s', (_name, [make, key]) => {
  test('cannot be made where the program has the keys', async () => {
    const { manager } = await managed();
    const prefix = freshPrefix();
    shopDeclares(key.startsWith('.') ? `${prefix}.lease` : prefix);
    expect(() => make(manager, prefix)).toThrow(expect.objectContaining(TAKEN));
  });

  test('keeps the program from declaring them, may be made twice, and inspect knows them', async () => {
    const { manager } = await managed();
    const prefix = freshPrefix();
    make(manager, prefix);
    make(manager, prefix);
    expect(() => shopDeclares(key.startsWith('.') ? `${prefix}.lease` : prefix)).toThrow(
      expect.objectContaining(TAKEN),
    );
    expect(keyspaces.classify(prefix + key)?.owner).toMatch(/^taproot:/);
  });
});

test('two features cannot have one prefix where their keys could be each other’s', async () => {
  const { manager } = await managed();
  const prefix = freshPrefix();
  new Locks(manager, { prefix });
  expect(() => new Sessions(manager, { prefix })).toThrow(expect.objectContaining(TAKEN));
});

test('what stands beside the keys of a cache or a rate limit under one prefix is free', async () => {
  const { manager } = await managed();
  const prefix = freshPrefix();
  new Cache(manager, { namespace: 'products', prefix });
  new RateLimit(manager, { name: 'login', limits, prefix });
  shopDeclares(`${prefix}:carts`);
});
