import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import {
  type Credentials,
  createRedisManager,
  type RedisManager,
  type RedisManagerOptions,
} from '../../src/index.ts';

/** A server whose user `app` may do all that a manager needs, and its password is `first-secret`. */
async function guardedRedis(): Promise<TestRedis> {
  const redis = await startRedis();
  await redis.cli('ACL', 'SETUSER', 'app', 'on', '>first-secret', '~*', '&*', '+@all');
  return redis;
}

function managerOn(redis: TestRedis, options: RedisManagerOptions): RedisManager {
  const manager = createRedisManager({ url: redis.url, allowSecond: true, ...options });
  onTestFinished(() => manager.close());
  return manager;
}

/** Ids and users of the manager's connections, as the server sees them. */
async function connections(redis: TestRedis): Promise<string[]> {
  const lines = (await redis.cli('CLIENT', 'LIST'))
    .split('\n')
    .filter((line) => line.includes('name=taproot:'));
  return lines.map((line) => /id=(\d+).* user=(\S+)/.exec(line)?.slice(1).join(' ') ?? '').sort();
}

test('the connections have the user of the provider', async () => {
  const redis = await guardedRedis();
  const manager = managerOn(redis, {
    credentials: async () => ({ username: 'app', password: 'first-secret' }),
  });
  await manager.ready({ timeoutMs: 10_000 });
  expect((await connections(redis)).map((line) => line.split(' ')[1])).toEqual(['app', 'app']);
});

test('new credentials reach the live connections, and not one of them ends', async () => {
  const redis = await guardedRedis();
  await redis.cli('ACL', 'SETUSER', 'next', 'on', '>second-secret', '~*', '&*', '+@all');
  let current: Credentials = { username: 'app', password: 'first-secret' };
  const manager = managerOn(redis, { credentials: async () => current });
  await manager.ready({ timeoutMs: 10_000 });
  const before = await connections(redis);
  current = { username: 'next', password: 'second-secret' };
  await manager.rotateCredentials();
  expect(await connections(redis)).toEqual(before.map((line) => line.replace('app', 'next')));
  // The server ends the connections of a user that is deleted: those of `next` stay.
  await redis.cli('ACL', 'DELUSER', 'app');
  await manager.commands.set('a', '1');
  expect((await connections(redis)).map((line) => line.split(' ')[0])).toEqual(
    before.map((line) => line.split(' ')[0]),
  );
});

test('credentials that were refused are asked for again, until the provider has good ones', async () => {
  const redis = await guardedRedis();
  let asked = 0;
  let current: Credentials = { username: 'app', password: 'first-secret' };
  const manager = managerOn(redis, {
    credentials: async () => {
      asked++;
      return current;
    },
  });
  await manager.ready({ timeoutMs: 10_000 });
  await redis.cli('ACL', 'SETUSER', 'app', 'resetpass', '>second-secret');
  await redis.cli('CLIENT', 'KILL', 'USER', 'app');
  await eventually(() => expect(manager.health().error).toMatchObject({ code: 'noauth', applied: 'no' }));
  expect(JSON.stringify([manager.health(), String(manager.health().error?.stack)])).not.toContain(
    'first-secret',
  );
  const askedBefore = asked;
  current = { username: 'app', password: 'second-secret' };
  await eventually(() => expect(manager.state).toBe('ready'));
  expect(asked).toBeGreaterThan(askedBefore);
});

test('a provider that fails is told as such, without what it said, and asked again', async () => {
  const redis = await guardedRedis();
  let broken = true;
  const manager = managerOn(redis, {
    credentials: async () => {
      if (broken) throw new TypeError('vault token first-secret refused');
      return { username: 'app', password: 'first-secret' };
    },
  });
  await eventually(() =>
    expect(manager.health().error).toMatchObject({ code: 'credentials', retryable: true }),
  );
  expect(manager.health().reason).not.toContain('first-secret');
  broken = false;
  await manager.ready({ timeoutMs: 10_000 });
});

test('rights that the user lacks are told by their name, and do not end the connection', async () => {
  const redis = await guardedRedis();
  await redis.cli('ACL', 'SETUSER', 'app', '-flushall');
  const manager = managerOn(redis, {
    credentials: async () => ({ username: 'app', password: 'first-secret' }),
  });
  await manager.ready({ timeoutMs: 10_000 });
  const before = await connections(redis);
  await expect(manager.call(['FLUSHALL'])).rejects.toMatchObject({
    code: 'noperm',
    applied: 'no',
    retryable: false,
  });
  expect(await connections(redis)).toEqual(before);
});
