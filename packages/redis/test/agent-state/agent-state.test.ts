import { randomBytes } from 'node:crypto';
import { startRedis, type TestRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { AgentState, VersionConflictError } from '../../src/agent-state/index.ts';
import { bytesCodec, jsonCodec } from '../../src/keyspaces/index.ts';
import { readyManager } from '../support/ready-manager.ts';

const HOSTILE = [
  'a{b}c',
  '{',
  '}',
  ' ',
  '\n\0\x01',
  'a:writes',
  'x'.repeat(10_000),
  '🦊é',
  '__proto__',
  '*?[a]',
];

async function keysOf(redis: TestRedis): Promise<string[]> {
  return (JSON.parse(await redis.cli('KEYS', 'state:*')) as string[]).sort();
}

test('a document has the value and the version of its last write, and the time by Redis’ clock', async () => {
  const redis = await startRedis();
  const state = new AgentState<{ step: number }>(await readyManager(redis.url));
  expect(await state.get('a')).toBeUndefined();
  const first = await state.set('a', { step: 1 });
  const second = await state.set('a', { step: 2 });
  expect(second.version).toBeGreaterThan(first.version);
  expect(await state.get('a')).toEqual({ value: { step: 2 }, ...second });
  const [seconds] = JSON.parse(await redis.cli('TIME')) as [string];
  expect(Math.abs(second.updatedAt / 1000 - Number(seconds))).toBeLessThan(60);
});

test('a write for another version is refused with the present one, and changes nothing', async () => {
  const redis = await startRedis();
  const state = new AgentState<string>(await readyManager(redis.url));
  const { version } = await state.set('a', 'one', { ifVersion: 0 });
  const conflict = { code: 'version-conflict', applied: 'no', currentVersion: version };
  for (const ifVersion of [0, version - 1, version + 1]) {
    const refused = state.set('a', 'other', { ifVersion });
    await expect(refused).rejects.toBeInstanceOf(VersionConflictError);
    await expect(refused).rejects.toMatchObject(conflict);
    await expect(state.delete('a', { ifVersion })).rejects.toMatchObject(conflict);
  }
  expect(await redis.cli('XLEN', 'state:{a}')).toBe('1');
  await expect(state.set('b', 'new', { ifVersion: version })).rejects.toMatchObject({ currentVersion: 0 });
  await state.set('a', 'two', { ifVersion: version });
  expect((await state.get('a'))?.value).toBe('two');
});

test('the last versions are kept and read back, newest first; older ones are gone', async () => {
  const redis = await startRedis();
  const state = new AgentState<number>(await readyManager(redis.url), { keepVersions: 3 });
  const versions: number[] = [];
  for (let n = 0; n < 5; n++) versions.push((await state.set('a', n)).version);
  expect((await state.history('a')).map(({ value }) => value)).toEqual([4, 3, 2]);
  expect(await redis.cli('XLEN', 'state:{a}')).toBe('3');
  expect((await state.history('a', { limit: 2 })).map(({ value }) => value)).toEqual([4, 3]);
  const before = versions[3] as number;
  expect((await state.history('a', { before })).map(({ value }) => value)).toEqual([2]);
  expect(await state.at('a', before)).toMatchObject({ value: 3, version: before });
  expect(await state.at('a', versions[1] as number)).toBeUndefined();
  expect(await state.at('a', before + 1)).toBeUndefined();
});

test('versions never go back: not after a deletion, an expiry, or data that was lost', async () => {
  const redis = await startRedis();
  const state = new AgentState<string>(await readyManager(redis.url));
  let last = 0;
  const losses = [
    () => state.delete('a'),
    () => redis.cli('DEL', 'state:{a}', 'state:{a}:writes'),
    // Memory that Redis won back may have been the one key of the two.
    () => redis.cli('DEL', 'state:{a}:writes'),
    () => redis.cli('DEL', 'state:{a}'),
    () => redis.cli('FLUSHALL'),
  ];
  for (const lose of losses) {
    const { version } = await state.set('a', 'x');
    expect(version).toBeGreaterThan(last);
    await lose();
    last = (await state.set('a', 'y', { ifVersion: (await state.get('a'))?.version ?? 0 })).version;
    expect(last).toBeGreaterThan(version);
  }
});

test('versions grow although Redis’ clock was set back', async () => {
  const redis = await startRedis();
  const state = new AgentState<string>(await readyManager(redis.url));
  const { version } = await state.set('a', 'x');
  const ahead = version + 3_600_000_000;
  // As if the last write had been made an hour from now.
  await redis.cli('XADD', 'state:{a}', `${ahead}-0`, 'value', 'v1 "late"');
  await redis.cli('ZADD', 'state:{a}:writes', String(ahead), 'late');
  expect((await state.set('a', 'y', { ifVersion: ahead })).version).toBe(ahead + 1);
  await state.delete('a');
  expect((await state.set('a', 'z', { ifVersion: 0 })).version).toBe(ahead + 3);
});

test('a deletion takes the history with it, leaves a memory that ends, and is told from no document', async () => {
  const redis = await startRedis();
  const state = new AgentState<string>(await readyManager(redis.url), { keepDeletedMs: 60_000 });
  expect(await state.delete('a')).toBe(false);
  expect(await keysOf(redis)).toEqual([]);
  const { version } = await state.set('a', 'secret');
  expect(await state.delete('a', { ifVersion: version })).toBe(true);
  expect(await state.delete('a')).toBe(false);
  expect(await state.get('a')).toBeUndefined();
  expect(await state.history('a')).toEqual([]);
  expect(await state.at('a', version)).toBeUndefined();
  expect(await keysOf(redis)).toEqual(['state:{a}:writes']);
  expect(Number(await redis.cli('PTTL', 'state:{a}:writes'))).toBeGreaterThan(50_000);
  await state.set('a', 'again');
  expect(await redis.cli('PTTL', 'state:{a}:writes')).toBe('-1');
});

test('documents are deleted while Redis has no memory, when none can be written', async () => {
  const redis = await startRedis();
  const state = new AgentState<string>(await readyManager(redis.url));
  await state.set('a', 'x');
  await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
  await expect(state.set('a', 'y')).rejects.toMatchObject({ code: 'oom' });
  for (let n = 0; n < 2; n++) expect(await state.delete('a', { writeId: 'd' })).toBe(true);
  expect(await redis.cli('EXISTS', 'state:{a}')).toBe('0');
});

test('both keys of a document with a lifetime end together, and each write prolongs it', async () => {
  const redis = await startRedis();
  const state = new AgentState<string>(await readyManager(redis.url), { ttlMs: 60_000 });
  await state.set('a', 'x');
  await redis.cli('PEXPIRE', 'state:{a}', '1000');
  await redis.cli('PEXPIRE', 'state:{a}:writes', '1000');
  await state.set('a', 'y');
  const [versions = 0, writes = 0] = await Promise.all(
    ['state:{a}', 'state:{a}:writes'].map(async (key) => Number(await redis.cli('PTTL', key))),
  );
  expect(versions).toBeGreaterThan(50_000);
  expect(Math.abs(versions - writes)).toBeLessThan(5000);
});

test('any bytes come back as they were, up to the limit', async () => {
  const redis = await startRedis();
  const state = new AgentState<Buffer>(await readyManager(redis.url), { codec: bytesCodec });
  const bytes = randomBytes(8 * 1024 * 1024);
  await state.set('a', bytes);
  await state.set('a', bytes.subarray(1));
  expect((await state.get('a'))?.value.equals(bytes.subarray(1))).toBe(true);
  expect((await state.history('a'))[1]?.value.equals(bytes)).toBe(true);
  const over = state.set('a', Buffer.concat([bytes, Buffer.from('x')]));
  await expect(over).rejects.toMatchObject({ code: 'too-large', applied: 'no', retryable: false });
  expect(await redis.cli('XLEN', 'state:{a}')).toBe('2');
});

test('a document of an older version of the codec is migrated when it is read; of a newer one it is refused', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const old = new AgentState<string>(manager);
  const migrations = { 1: (value: unknown) => ({ name: value }) };
  const codec = jsonCodec<{ name: string }>({ version: 2, migrations });
  const present = new AgentState<{ name: string }>(manager, { codec });
  await old.set('a', 'Ann');
  await present.update('a', (value) => ({ name: `${value?.name}!` }));
  expect((await present.history('a')).map(({ value }) => value.name)).toEqual(['Ann!', 'Ann']);
  await expect(old.get('a')).rejects.toMatchObject({ code: 'codec-newer' });
});

test('ids of any form name different documents', async () => {
  const redis = await startRedis();
  const state = new AgentState<string>(await readyManager(redis.url));
  for (const id of HOSTILE) await state.set(id, `of ${id}`, { ifVersion: 0 });
  for (const id of HOSTILE) expect((await state.get(id))?.value).toBe(`of ${id}`);
  expect(await keysOf(redis)).toHaveLength(2 * HOSTILE.length);
  for (const id of ['', '\ud800'])
    await expect(state.get(id)).rejects.toMatchObject({ code: 'invalid-options' });
});

test('options that cannot be are refused before anything is sent', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const state = new AgentState<unknown>(manager);
  const invalid = { code: 'invalid-options', applied: 'no' };
  for (const options of [{ keepVersions: 0 }, { maxBytes: 0 }, { ttlMs: Number.NaN }, { prefix: '{' }])
    expect(() => new AgentState(manager, options)).toThrow(expect.objectContaining(invalid));
  for (const writeId of ['', 'x'.repeat(201), '\ud800'])
    await expect(state.set('a', 1, { writeId })).rejects.toMatchObject(invalid);
  await expect(state.set('a', 1, { ifVersion: -1 })).rejects.toMatchObject(invalid);
  await expect(state.history('a', { limit: 0 })).rejects.toMatchObject(invalid);
  await expect(state.set('a', undefined)).rejects.toMatchObject({ code: 'codec', applied: 'no' });
  expect(await keysOf(redis)).toEqual([]);
});
