import { expect, test } from 'vitest';
import type { CallOptions } from '../../src/index.ts';
import { jsonCodec, type KeyspaceManager, KeyspaceRegistry } from '../../src/keyspaces/index.ts';
import { managed } from './support.ts';

interface Session {
  readonly name: string;
}

const registry = new KeyspaceRegistry();
const sessions = registry.define({
  template: 'shop:session:{user}:<id>',
  owner: 'auth',
  type: 'string',
  codec: jsonCodec<Session>({ version: 1 }),
  ttlMs: 60_000,
  evictable: false,
  multiKey: true,
});
const recent = registry.define({
  template: 'shop:recent:{user}',
  owner: 'shop',
  type: 'list',
  codec: jsonCodec<{ item: number }>({ version: 1 }),
  ttlMs: 60_000,
  evictable: true,
});
const total = registry.define({
  template: 'shop:total',
  owner: 'shop',
  type: 'hash',
  noTtlBecause: 'One key.',
  evictable: false,
});

test('a value is written with its version and its time to live, and read as it was', async () => {
  const { redis, manager } = await managed();
  const store = sessions.on(manager);
  const ann = { user: 'ann {x}:\n', id: 1 };
  expect(await store.get(ann)).toBeUndefined();
  expect(await store.ttlMs(ann)).toBeUndefined();
  expect(await store.set(ann, { name: 'Ann' })).toBe(true);
  expect(await store.get(ann)).toEqual({ name: 'Ann' });
  const key = 'shop:session:{ann%20%7Bx%7D%3A%0A}:1';
  expect(await redis.cli('GET', key)).toBe('v1 {"name":"Ann"}');
  expect(Number(await redis.cli('PTTL', key))).toBeGreaterThan(50_000);
  expect(await store.exists(ann)).toBe(true);
  expect([await store.delete(ann), await store.delete(ann), await store.exists(ann)]).toEqual([
    true,
    false,
    false,
  ]);
  expect(await redis.cli('EXISTS', key)).toBe('0');
});

test('a write can depend on whether there is a value, and can expire sooner but not later than declared', async () => {
  const { manager } = await managed();
  const store = sessions.on(manager);
  const at = { user: 'ann', id: 'a' };
  expect(await store.set(at, { name: '1' }, { only: 'existing' })).toBe(false);
  expect(await store.set(at, { name: '2' }, { only: 'new', ttlMs: 5000 })).toBe(true);
  expect(await store.set(at, { name: '3' }, { only: 'new' })).toBe(false);
  expect(await store.get(at)).toEqual({ name: '2' });
  expect(await store.ttlMs(at)).toBeLessThanOrEqual(5000);
  expect(await store.touch(at)).toBe(true);
  expect(await store.ttlMs(at)).toBeGreaterThan(50_000);
  expect(await store.touch({ user: 'ann', id: 'none' })).toBe(false);
  await expect(store.set(at, { name: '4' }, { ttlMs: 60_001 })).rejects.toMatchObject({
    code: 'invalid-options',
  });
});

test('keys that are read together must share their slot tag, also on a standalone server', async () => {
  const { manager } = await managed();
  const store = sessions.on(manager);
  await store.set({ user: 'ann', id: 2 }, { name: 'B' });
  expect(
    await store.getMany([
      { user: 'ann', id: 1 },
      { user: 'ann', id: 2 },
    ]),
  ).toEqual([undefined, { name: 'B' }]);
  expect(await store.getMany([])).toEqual([]);
  await expect(
    store.getMany([
      { user: 'ann', id: 1 },
      { user: 'bob', id: 1 },
    ]),
  ).rejects.toMatchObject({
    code: 'crossslot',
    applied: 'no',
  });
});

test('a collection takes Redis’ own commands, and every write renews its time to live with it', async () => {
  const { redis, manager } = await managed();
  const store = recent.on(manager);
  const ann = { user: 'ann' };
  expect(await store.write(ann, ['RPUSH', store.encode({ item: 1 }), store.encode({ item: 2 })])).toBe(2);
  const items = (await store.read(ann, ['LRANGE', '0', '-1'])) as Buffer[];
  expect(items.map((item) => store.decode(item))).toEqual([{ item: 1 }, { item: 2 }]);
  await redis.cli('PERSIST', 'shop:recent:{ann}');
  expect(await store.ttlMs(ann)).toBe(Number.POSITIVE_INFINITY);
  await store.write(ann, ['LTRIM', '0', '0']);
  expect(await store.ttlMs(ann)).toBeGreaterThan(50_000);
  expect(await store.ttlMs(ann)).toBeLessThanOrEqual(60_000);
  await total.on(manager).write({}, ['HINCRBY', 'sold', '3']);
  expect(await total.on(manager).ttlMs({})).toBe(Number.POSITIVE_INFINITY);
  expect(await redis.cli('HGET', 'shop:total', 'sold')).toBe('3');
});

test('a key of another type is a typed error, and its time to live stays', async () => {
  const { redis, manager } = await managed();
  await redis.cli('SET', 'shop:recent:{ann}', 'x');
  await expect(recent.on(manager).write({ user: 'ann' }, ['RPUSH', 'y'])).rejects.toMatchObject({
    code: 'wrongtype',
  });
  expect(await redis.cli('TTL', 'shop:recent:{ann}')).toBe('-1');
});

test('a value of a newer version is an error of get', async () => {
  const { redis, manager } = await managed();
  await redis.cli('SET', 'shop:session:{ann}:1', 'v2 {}');
  await expect(sessions.on(manager).get({ user: 'ann', id: 1 })).rejects.toMatchObject({
    code: 'codec-newer',
  });
});

test('calls are made under the keyspace’s profile, with the caller’s deadline and signal', async () => {
  const { manager } = await managed();
  const seen: (CallOptions | undefined)[] = [];
  const watched: KeyspaceManager = {
    call: (args, options) => {
      seen.push(options);
      return manager.call(args, options);
    },
    script: (script, input, options) => {
      seen.push(options);
      return manager.script(script, input, options);
    },
    scan: (options) => manager.scan(options),
  };
  const common = { owner: 'auth', ttlMs: 1000, evictable: false, profile: 'critical' } as const;
  const critical = new KeyspaceRegistry();
  const texts = critical.define({ ...common, template: 'text:<id>', type: 'string' }).on(watched);
  const lists = critical.define({ ...common, template: 'list:<id>', type: 'list' }).on(watched);
  const { signal } = new AbortController();
  const options = { deadlineMs: 700, signal };
  await texts.set({ id: 1 }, 'x', options);
  await texts.get({ id: 1 }, options);
  await texts.getMany([{ id: 1 }], options);
  await texts.touch({ id: 1 }, options);
  await texts.ttlMs({ id: 1 }, options);
  await texts.exists({ id: 1 }, options);
  await texts.delete({ id: 1 }, options);
  await lists.write({ id: 1 }, ['RPUSH', 'x'], options);
  await lists.read({ id: 1 }, ['LLEN'], options);
  expect(seen).toHaveLength(9);
  for (const each of seen) expect(each).toMatchObject({ profile: 'critical', ...options });
});

test('a scan gives the keys of the keyspace and no other', async () => {
  const { redis, manager } = await managed();
  const store = sessions.on(manager);
  for (let id = 0; id < 30; id++) await store.set({ user: 'ann', id }, { name: 'x' });
  for (const other of ['shop:session:{ann}', 'shop:session:{ann}:1:2', 'shop:session:{a b}:1', 'other'])
    await redis.cli('SET', other, 'x');
  const found = new Set((await Array.fromAsync(store.scan())).flat());
  expect(found).toEqual(new Set(Array.from({ length: 30 }, (_, id) => `shop:session:{ann}:${id}`)));
});

test('types tell what is wrong before it runs', () => {
  const check = (): void => {
    // @ts-expect-error a parameter is missing
    sessions.key({ user: 'ann' });
    // @ts-expect-error no such parameter
    recent.key({ user: 'ann', id: 1 });
    const store = sessions.on({} as never);
    // @ts-expect-error another value
    void store.set({ user: 'ann', id: 1 }, { name: 1 });
    // @ts-expect-error documents have no collection's methods
    void store.write;
    // @ts-expect-error neither a time to live nor a reason
    registry.define({ template: 'a:<b>', owner: 'x', type: 'string', evictable: true });
  };
  expect(check).toBeTypeOf('function');
});
