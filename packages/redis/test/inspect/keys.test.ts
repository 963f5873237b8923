import type { TestRedis } from '@taproot/testkit';
import { describe, expect, test } from 'vitest';
import { type InspectReport, KeyspaceRegistry } from '../../src/index.ts';
import { clientOf, inspected } from './support.ts';

const registry = new KeyspaceRegistry();
registry.define({ template: 'shop:cart:<id>', owner: 'carts', type: 'string', ttlMs: 1000, evictable: true });
registry.define({
  template: 'user:<id>',
  owner: 'accounts',
  type: 'string',
  noTtlBecause: 'Users stay.',
  evictable: false,
});

const codesOf = ({ findings }: InspectReport): string[] => findings.map(({ code }) => code);

/** So many keys of a keyspace whose sizes differ by a factor of a hundred. */
async function fill(redis: TestRedis, prefix: string, keys: number): Promise<void> {
  const script = `for i = 1, tonumber(ARGV[2]) do redis.call('SET', ARGV[1] .. i, string.rep('x', (i * 7919) % 2000)) end`;
  await redis.cli('EVAL', script, '0', prefix, String(keys));
}

/** Memory of all keys that begin so, by measuring every one of them. */
async function measured(redis: TestRedis, prefix: string): Promise<number> {
  const client = await clientOf(redis);
  let sum = 0;
  for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 })) {
    const sizes = await Promise.all(keys.map((key) => client.memoryUsage(key, { SAMPLES: 0 })));
    sum += sizes.reduce<number>((total, size) => total + (size ?? 0), 0);
  }
  return sum;
}

describe('memory by keyspace', () => {
  test('is exact where every key is measured', async () => {
    const { redis, inspect } = await inspected();
    await fill(redis, 'user:', 300);
    await fill(redis, 'shop:cart:', 200);
    const { keys } = await inspect({ keyspaces: registry });
    for (const [name, prefix, count] of [
      ['user:<id>', 'user:', 300],
      ['shop:cart:<id>', 'shop:cart:', 200],
    ] as const) {
      expect(keys?.keyspaces.find((each) => each.name === name)).toMatchObject({
        keys: count,
        measured: count,
        memory: { bytes: await measured(redis, prefix), marginBytes: 0 },
      });
    }
  });

  test('of a sample lies within the stated error of a full measurement, and the error is small', async () => {
    const { redis, inspect } = await inspected();
    await fill(redis, 'user:', 12_000);
    await fill(redis, 'shop:cart:', 600);
    const { keys } = await inspect({ keyspaces: registry, maxSamples: 1500 });
    expect(keys).toMatchObject({ complete: true, scanned: expect.any(Number) });
    expect(keys?.measured).toBeLessThanOrEqual(1500);
    for (const [name, prefix, count] of [
      ['user:<id>', 'user:', 12_000],
      ['shop:cart:<id>', 'shop:cart:', 600],
    ] as const) {
      const found = keys?.keyspaces.find((each) => each.name === name);
      const { bytes, marginBytes } = found?.memory ?? { bytes: 0, marginBytes: 0 };
      expect(found?.keys).toBe(count);
      // The margin is that of 95 %; three of them are passed by less than one run in a hundred million.
      expect(Math.abs(bytes - (await measured(redis, prefix)))).toBeLessThanOrEqual(3 * marginBytes);
      expect(marginBytes).toBeGreaterThan(0);
      expect(marginBytes / bytes).toBeLessThan(name === 'user:<id>' ? 0.06 : 0.3);
    }
  });

  test('of a walk that ran out of time is extrapolated to all keys, and says so', async () => {
    const { redis, inspect } = await inspected();
    await fill(redis, 'user:', 20_000);
    const { keys, findings } = await inspect({ keyspaces: registry, maxMs: 1 });
    // The walk may or may not come by one of the manager's own.
    expect(keys).toMatchObject({ complete: false });
    expect(keys?.keyspaces[0]).toMatchObject({ name: 'user:<id>' });
    expect(keys?.scanned).toBeLessThan(20_000);
    // The manager's own keys are few.
    expect(keys?.total).toBeGreaterThanOrEqual(20_000);
    expect(Math.abs((keys?.keyspaces[0]?.keys ?? 0) - 20_000)).toBeLessThan(100);
    expect(findings).toBeDefined();
  });

  test('of keys that nobody declared is told by what their names have in common', async () => {
    const { redis, inspect } = await inspected();
    for (let id = 0; id < 30; id++) await redis.cli('SET', `order:${id}:items`, 'x');
    await redis.cli('RPUSH', 'jobs', 'a');
    const { keys } = await inspect();
    expect(
      keys?.keyspaces.map(({ name, declared, keys, types }) => ({ name, declared, keys, types })),
    ).toEqual(
      expect.arrayContaining([
        { name: 'order:*:items', declared: false, keys: 30, types: { string: 30 } },
        { name: 'jobs', declared: false, keys: 1, types: { list: 1 } },
      ]),
    );
  });
});

test('keys that no keyspace owns are counted, with masked examples of each family', async () => {
  const { redis, inspect } = await inspected();
  await redis.cli('SET', 'user:1', 'x');
  for (let id = 0; id < 20; id++) await redis.cli('SET', `token:abcdefabcdef${id}`, 'x');
  await redis.cli('SET', 'leftover', 'x');
  const report = await inspect({ keyspaces: registry });
  expect(report.keys?.unowned).toMatchObject({
    keys: 21,
    examples: expect.arrayContaining(['leftover', 'token:*']),
  });
  expect(codesOf(report)).toContain('unowned-keys');
  expect(JSON.stringify(report)).not.toContain('abcdefabcdef');
  const shown = await inspect({ keyspaces: registry, showNames: true });
  expect(JSON.stringify(shown)).toContain('abcdefabcdef');
  await redis.cli('DEL', 'leftover', ...Array.from({ length: 20 }, (_, id) => `token:abcdefabcdef${id}`));
  const clean = await inspect({ keyspaces: registry });
  expect(clean.keys?.unowned?.keys).toBe(0);
  expect(codesOf(clean)).not.toContain('unowned-keys');
});

test('keys without a TTL are told where their keyspace declares one, and nowhere else', async () => {
  const { redis, inspect } = await inspected();
  await redis.cli('SET', 'user:1', 'x');
  for (let id = 0; id < 10; id++)
    await redis.cli('SET', `shop:cart:${id}`, 'x', ...(id < 3 ? [] : ['EX', '100']));
  const report = await inspect({ keyspaces: registry });
  expect(report.keys?.withoutTtl).toMatchObject([
    { keyspace: 'shop:cart:<id>', owner: 'carts', keys: 3, found: 3, measured: 10 },
  ]);
  expect(report.findings.find(({ code }) => code === 'missing-ttl')?.message).toMatch(
    /^3 keys of shop:cart:<id> have no TTL/,
  );
});

test('keys of another type than declared are a finding', async () => {
  const { redis, inspect } = await inspected();
  await redis.cli('RPUSH', 'user:1', 'x');
  await redis.cli('SET', 'user:2', 'x');
  const { findings } = await inspect({ keyspaces: registry });
  expect(findings.find(({ code }) => code === 'wrong-type')?.message).toBe(
    '1 measured key of user:<id> is list, although the keyspace declares string.',
  );
});

test.each([
  ['allkeys-lru', true],
  ['volatile-lru', false],
  ['noeviction', false],
])('keys that may not be evicted are a finding under maxmemory-policy %s: %s', async (policy, found) => {
  const { redis, inspect } = await inspected(['--maxmemory', '100mb', '--maxmemory-policy', policy]);
  await redis.cli('SET', 'user:1', 'x');
  await redis.cli('SET', 'shop:cart:1', 'x', 'EX', '100');
  const { findings } = await inspect({ keyspaces: registry });
  // The manager's own probe key expires, and may not be evicted either.
  const finding = findings.find(({ code }) => code === 'may-be-evicted');
  expect(finding?.message.includes('user:<id>') ?? false).toBe(found);
  expect(finding?.message ?? '').not.toContain('shop:cart');
});

test('the biggest keys are listed, biggest first, with type and time to live', async () => {
  const { redis, inspect } = await inspected();
  await fill(redis, 'user:', 200);
  await redis.cli('SET', 'video', 'x'.repeat(11 * 2 ** 20));
  await redis.cli(
    'EVAL',
    "for i = 1, 20000 do redis.call('HSET', 'index', i, i) end redis.call('PEXPIRE', 'index', 500000)",
    '0',
  );
  const report = await inspect({ top: 3 });
  expect(report.keys?.biggest).toMatchObject([
    { key: 'video', type: 'string', ttlMs: 'never' },
    { key: 'index', type: 'hash', ttlMs: expect.any(Number) },
    { type: 'string' },
  ]);
  expect(codesOf(report)).toContain('huge-keys');
  expect((await inspect({ top: 0 })).keys?.biggest).toEqual([]);
});

test('names that are no text are told apart by their bytes', async () => {
  const { redis, inspect } = await inspected();
  const client = await clientOf(redis);
  for (const byte of [0xfe, 0xff])
    await client.set(Buffer.from([byte, 0x61]) as unknown as string, 'x'.repeat(50_000));
  const { keys } = await inspect({ showNames: true, top: 2 });
  expect(keys?.biggest.map(({ key }) => key).sort()).toEqual(['\\xfea', '\\xffa']);
});
