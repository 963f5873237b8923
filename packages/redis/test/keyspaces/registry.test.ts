import { describe, expect, test } from 'vitest';
import {
  jsonCodec,
  type KeyspaceDefinition,
  KeyspaceRegistry,
  type KeyType,
  lintKeyspaces,
} from '../../src/keyspaces/index.ts';

type Definition = KeyspaceDefinition<string, KeyType, string>;

function definition(template: string, more: Partial<Record<string, unknown>> = {}): Definition {
  return { template, owner: 'shop', type: 'string', ttlMs: 1000, evictable: false, ...more } as Definition;
}

describe('one owner', () => {
  test.each([
    ['shop:cart:<id>', 'shop:cart:<other>'],
    ['shop:cart:<id>', 'shop:cart:<id>:items'],
    ['shop:<id>', 'shop:cart:<id>'],
    ['shop:cart', 'shop:cart'],
    ['shop:<id>', 'shop:cart'],
    ['shop:{user}', 'shop:{user}:x'],
    ['shop:{user}', 'shop:{cart:<id>}'],
  ])('%s and %s of two owners are an error when the second is declared, in either order', (a, b) => {
    for (const [first, second] of [
      [a, b],
      [b, a],
    ] as const) {
      const registry = new KeyspaceRegistry();
      registry.define(definition(first, { owner: 'carts' }));
      expect(() => registry.define(definition(second, { owner: 'payments' }))).toThrow(
        expect.objectContaining({
          code: 'keyspace-taken',
          message: expect.stringMatching(/payments.*belongs to carts/),
        }),
      );
      expect(registry.classify('shop:cart:1')?.owner).not.toBe('payments');
    }
  });

  test.each([
    ['shop:cart:<id>', 'shop:carts:<id>'],
    ['shop:cart', 'shop:cart:<id>'],
  ])('%s and %s of two owners do not touch', (a, b) => {
    const registry = new KeyspaceRegistry();
    registry.define(definition(a, { owner: 'carts' }));
    registry.define(definition(b, { owner: 'payments' }));
  });

  test.each([
    'bull:<queue>',
    'bull:mail:<id>',
    'sess:<id>',
    'socket.io:<room>',
    'taproot:session:<id>',
    'taproot:deployment',
  ])('%s is reserved', (template) => {
    expect(() => new KeyspaceRegistry().define(definition(template))).toThrow(
      expect.objectContaining({ code: 'keyspace-taken' }),
    );
  });

  test('the same declaration may come twice, a different one of the same template may not', () => {
    const registry = new KeyspaceRegistry();
    const before = registry.keyspaces.length;
    registry.define(definition('shop:cart:<id>'));
    registry.define(definition('shop:cart:<id>'));
    expect(registry.keyspaces).toHaveLength(before + 1);
    for (const other of [{ type: 'hash' }, { ttlMs: 5 }, { codec: jsonCodec({ version: 1 }) }]) {
      expect(() => registry.define(definition('shop:cart:<id>', other))).toThrow(/differently/);
    }
  });
});

test('a key is classified by the most particular template, by a library that reserves it, or not at all', () => {
  const registry = new KeyspaceRegistry();
  registry.define(definition('shop:<kind>:<id>'));
  registry.define(
    definition('shop:cart:<id>', { noTtlBecause: 'Carts stay.', ttlMs: undefined, evictable: true }),
  );
  expect(registry.classify('shop:cart:1')).toEqual({
    name: 'shop:cart:<id>',
    owner: 'shop',
    ttl: 'none',
    type: 'string',
    evictable: true,
  });
  expect(registry.classify('shop:order:1')).toMatchObject({ name: 'shop:<kind>:<id>', ttl: 1000 });
  expect(registry.classify('bull:mail:1')).toMatchObject({ name: 'bull:*', owner: 'BullMQ' });
  expect(registry.classify('taproot:{thread:t}:log')).toMatchObject({
    owner: 'taproot:chat',
    type: 'stream',
  });
  expect(registry.classify('shop:cart:a:b')).toBeUndefined();
  expect(registry.classify('shop:cart:a\u001b[31m')).toBeUndefined();
});

describe('the lint', () => {
  function rulesOf(...definitions: Definition[]): string[] {
    const registry = new KeyspaceRegistry();
    for (const each of definitions) registry.define(each);
    return lintKeyspaces(registry).map(({ rule, keyspace }) => `${rule} ${keyspace}`);
  }

  test('finds nothing in what Taproot declares itself', () => {
    expect(rulesOf()).toEqual([]);
  });

  test.each<[string, Partial<Record<string, unknown>>]>([
    ['no-owner', { owner: ' ' }],
    ['no-owner', { owner: undefined }],
    ['no-ttl', { ttlMs: undefined }],
    ['no-ttl', { ttlMs: undefined, noTtlBecause: '' }],
    ['no-tag', { multiKey: true }],
    ['critical-evictable', { profile: 'critical', evictable: true }],
    ['cache-not-evictable', { profile: 'cache' }],
  ])('finds %s', (rule, wrong) => {
    expect(rulesOf(definition('k:<id>', wrong))).toEqual([`${rule} k:<id>`]);
  });

  test('finds templates of one owner that a key fits both of', () => {
    expect(rulesOf(definition('k:<id>'), definition('k:index'), definition('k:<id>:x'))).toEqual([
      'overlap k:<id>',
    ]);
  });

  test('finds nothing wrong with a tag, and with one key alone', () => {
    expect(rulesOf(definition('k:{id}', { multiKey: true }), definition('one', { multiKey: true }))).toEqual(
      [],
    );
  });
});

test.each([0, -1, 1.5, Number.NaN])('a time to live of %d ms is refused', (ttlMs) => {
  expect(() => new KeyspaceRegistry().define(definition('k:<id>', { ttlMs }))).toThrow(/ttlMs of k:<id>/);
});
