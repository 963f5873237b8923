import { eventually, startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { slotOf } from '../../src/cluster/slot.ts';
import { ADMIN, hashOf, indexOf, keysOf, recordOf, sessionsOn } from './support.ts';

const DAY_MS = 86_400_000;

test('a session is found by its token, and Redis holds the hash of the token only', async () => {
  const redis = await startRedis();
  const sessions = await sessionsOn(redis);
  const { token, session } = await sessions.create('ann', ADMIN);
  expect(session).toMatchObject({ user: 'ann', data: ADMIN, version: 1 });
  expect(session.expiresAt - session.createdAt).toBe(7 * DAY_MS);
  expect(session.endsAt - session.createdAt).toBe(30 * DAY_MS);
  expect(await sessions.get(token)).toEqual(session);
  expect(await sessions.find(session)).toEqual(session);
  expect(session.id).toBe(hashOf(token));
  const [record, index] = [recordOf(token), indexOf(token)];
  expect((await keysOf(redis)).sort()).toEqual([record, index].sort());
  expect(slotOf(record)).toBe(slotOf(index));
  const stored = await redis.cli('HGETALL', record);
  expect((await keysOf(redis)).join() + stored).not.toContain(token.slice(22));
});

test('256 random bits are in a token, and what is no token is no session', async () => {
  const redis = await startRedis();
  const sessions = await sessionsOn(redis);
  const tokens = await Promise.all(Array.from({ length: 20 }, () => sessions.create('ann', ADMIN)));
  expect(new Set(tokens.map(({ token }) => token.slice(22))).size).toBe(20);
  for (const { token } of tokens) expect(Buffer.from(token.slice(22), 'base64url')).toHaveLength(32);
  const { token, session } = tokens[0] as (typeof tokens)[0];
  const wrong = [
    '',
    session.id,
    token.slice(1),
    `${token}A`,
    `${token}\n`,
    token.replace(/.$/, '{'),
    'x'.repeat(1e6),
  ];
  for (const each of [...wrong, undefined as unknown as string]) {
    expect(await sessions.get(each)).toBeUndefined();
    expect(await sessions.touch(each)).toBeUndefined();
    expect(await sessions.update(each, ADMIN, 1)).toBeUndefined();
    expect(await sessions.destroy(each)).toBe(false);
  }
  for (const id of ['index', '', '*', `${session.id}}`]) {
    expect(await sessions.find({ user: 'ann', id })).toBeUndefined();
    expect(await sessions.revoke({ user: 'ann', id })).toBe(false);
  }
  expect(await sessions.revoke({ user: 'bob', id: session.id })).toBe(false);
  expect(await sessions.list('ann')).toHaveLength(20);
});

test('a touched session lives on, but never beyond its end', async () => {
  const redis = await startRedis();
  const sessions = await sessionsOn(redis, { ttlMs: DAY_MS, maxLifetimeMs: 2 * DAY_MS });
  const { token, session } = await sessions.create('ann', ADMIN);
  const record = recordOf(token);
  const index = indexOf(token);
  await redis.cli('PEXPIRE', record, '60000');
  const touched = await sessions.touch(token);
  expect(touched?.expiresAt).toBeGreaterThanOrEqual(session.expiresAt);
  expect(Number(await redis.cli('PTTL', record))).toBeGreaterThan(DAY_MS - 60_000);
  // As if it had been created almost two days ago.
  const ends = Date.now() + 60_000;
  await redis.cli('HSET', record, 'ends', String(ends));
  expect(await sessions.touch(token)).toMatchObject({ expiresAt: ends, endsAt: ends });
  expect(Number(await redis.cli('PTTL', record))).toBeLessThanOrEqual(60_000);
  expect(Number(await redis.cli('PTTL', index))).toBeLessThanOrEqual(60_000);
});

test('a session ends by itself, and nothing of it stays', async () => {
  const redis = await startRedis();
  const sessions = await sessionsOn(redis, { ttlMs: 200 });
  const { token, session } = await sessions.create('ann', ADMIN);
  await eventually(async () => expect(await sessions.get(token)).toBeUndefined());
  await eventually(async () => expect(await keysOf(redis)).toEqual([]));
  expect(await sessions.touch(token)).toBeUndefined();
  expect(await sessions.list('ann')).toEqual([]);
  expect(await sessions.find(session)).toBeUndefined();
});

test('what expired leaves the index when the user signs in again', async () => {
  const redis = await startRedis();
  const short = await sessionsOn(redis, { ttlMs: 100 });
  const long = await sessionsOn(redis);
  // Keeps the index, which otherwise would expire too.
  const { token } = await long.create('ann', ADMIN);
  const expiring = await short.create('ann', ADMIN);
  await eventually(async () => expect(await redis.cli('EXISTS', recordOf(expiring.token))).toBe('0'));
  expect(await redis.cli('ZCARD', indexOf(token))).toBe('2');
  await long.create('ann', ADMIN);
  expect(await redis.cli('ZCARD', indexOf(token))).toBe('2');
});

test('data changes only from the version that was read', async () => {
  const redis = await startRedis();
  const sessions = await sessionsOn(redis);
  const { token, session } = await sessions.create('ann', ADMIN);
  const results = await Promise.allSettled(
    ['a', 'b', 'c', 'd'].map((role) => sessions.update(token, { role }, session.version)),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const result of results)
    if (result.status === 'rejected')
      expect(result.reason).toMatchObject({ code: 'version-conflict', retryable: true, applied: 'no' });
  const now = await sessions.get(token);
  expect(now).toMatchObject({ version: 2, expiresAt: session.expiresAt });
  expect(await sessions.update(token, ADMIN, 2)).toMatchObject({ version: 3, data: ADMIN });
  await sessions.destroy(token);
  expect(await sessions.update(token, ADMIN, 3)).toBeUndefined();
});

test('all sessions of a user end at once, but for the one that asked', async () => {
  const redis = await startRedis();
  const sessions = await sessionsOn(redis, { maxPerUser: 1000 });
  const mine = await sessions.create('ann', ADMIN);
  const others = await Promise.all(Array.from({ length: 450 }, () => sessions.create('ann', ADMIN)));
  const bob = await sessions.create('bob', ADMIN);
  expect(await sessions.destroyAll('ann', { except: mine.session.id })).toBe(450);
  expect(await sessions.list('ann')).toEqual([mine.session]);
  expect(await sessions.get(others[0]?.token ?? '')).toBeUndefined();
  expect(await sessions.destroyAll('ann')).toBe(1);
  expect(await sessions.destroyAll('ann')).toBe(0);
  expect(await sessions.list('bob')).toEqual([bob.session]);
  await sessions.revoke(bob.session);
  expect(await keysOf(redis)).toEqual([]);
});

test('a user with too many sessions loses the one that expires soonest', async () => {
  const redis = await startRedis();
  const sessions = await sessionsOn(redis, { maxPerUser: 2 });
  const [first, second] = [await sessions.create('ann', ADMIN), await sessions.create('ann', ADMIN)];
  // What expires in the same millisecond goes in the order of the ids.
  await eventually(async () =>
    expect((await sessions.touch(first.token))?.expiresAt).toBeGreaterThan(second.session.expiresAt),
  );
  const third = await sessions.create('ann', ADMIN);
  expect(await sessions.get(second.token)).toBeUndefined();
  expect((await sessions.list('ann')).map(({ id }) => id).sort()).toEqual(
    [first.session.id, third.session.id].sort(),
  );
});

test('any text is a user of its own, and what is too large or no user is refused', async () => {
  const redis = await startRedis();
  const sessions = await sessionsOn(redis, { maxDataBytes: 20_000 });
  const users = [
    '{',
    '}',
    '{}',
    'a b',
    'a\r\nb',
    '\u0000',
    '*',
    '日本',
    '\ud800',
    '\ud801',
    '\ufffd',
    'x'.repeat(10_000),
  ];
  const made = await Promise.all(users.map((user) => sessions.create(user, ADMIN)));
  for (const [n, user] of users.entries()) {
    expect((await sessions.list(user)).map(({ id }) => id)).toEqual([made[n]?.session.id]);
    expect((await sessions.get(made[n]?.token ?? ''))?.user).toBe(user);
  }
  for (const key of await keysOf(redis)) expect(key).toMatch(/^session:\{[\w-]{22}\}:([\w-]{43}|index)$/);
  const huge = { role: 'x'.repeat(20_000) };
  await expect(sessions.create('ann', huge)).rejects.toMatchObject({ code: 'too-large', applied: 'no' });
  await expect(sessions.update(made[0]?.token ?? '', huge, 1)).rejects.toMatchObject({ code: 'too-large' });
  for (const user of ['', undefined as unknown as string])
    await expect(sessions.create(user, ADMIN)).rejects.toMatchObject({ code: 'invalid-options' });
});
