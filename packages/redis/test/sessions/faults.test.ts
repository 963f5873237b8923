import { eventually, faultProxy, startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { Sessions } from '../../src/sessions/index.ts';
import { readyManager } from '../support/ready-manager.ts';
import { ADMIN, keysOf, type Role, recordOf, sessionsOn } from './support.ts';

test('a revocation is heard in every process, and after a reconnect each looks for itself', async () => {
  const redis = await startRedis();
  const sessions = await sessionsOn(redis);
  const proxy = await faultProxy({ target: redis.url });
  const gateway = new Sessions<Role>(await readyManager(proxy.url));
  const heard: string[] = [];
  let rechecks = 0;
  const off = gateway.watch({ revoked: (id) => heard.push(id), recheck: () => rechecks++ });
  await eventually(() => expect(rechecks).toBe(1));
  const [one, two] = [await sessions.create('ann', ADMIN), await sessions.create('ann', ADMIN)];
  await sessions.destroy(one.token);
  await eventually(() => expect(heard).toEqual([one.session.id]));
  await sessions.destroyAll('ann');
  await eventually(() => expect(heard).toEqual([one.session.id, two.session.id]));
  proxy.reset();
  await eventually(() => expect(rechecks).toBe(2));
  expect(await sessions.destroy(one.token)).toBe(false);
  await off();
  await eventually(async () => expect(await redis.cli('PUBSUB', 'CHANNELS', 'session:*')).toBe('[]'));
  expect(heard).toHaveLength(2);
});

test('while Redis does not answer nobody is signed in, and nobody is taken for signed out', async () => {
  const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const manager = await readyManager(redis.url);
  const sessions = new Sessions<Role>(manager, { call: { profile: 'critical' } });
  const { token, session } = await sessions.create('ann', ADMIN);
  redis.freeze();
  await expect(sessions.get(token)).rejects.toMatchObject({ name: 'RedisManagerError' });
  redis.thaw();
  await redis.kill();
  await expect(sessions.get(token)).rejects.toMatchObject({ name: 'RedisManagerError' });
  await expect(sessions.touch(token)).rejects.toMatchObject({ name: 'RedisManagerError' });
  await redis.restart();
  await manager.ready({ timeoutMs: 20_000 });
  await redis.cli('SCRIPT', 'FLUSH');
  expect(await sessions.get(token)).toEqual(session);
  expect((await sessions.touch(token))?.id).toBe(session.id);
});

test('without memory nobody signs in, and everybody may sign out', async () => {
  const redis = await startRedis();
  const sessions = await sessionsOn(redis);
  const { token } = await sessions.create('ann', ADMIN);
  await sessions.create('ann', ADMIN);
  const before = await keysOf(redis);
  await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
  await expect(sessions.create('ann', ADMIN)).rejects.toMatchObject({ code: 'oom' });
  expect((await keysOf(redis)).sort()).toEqual(before.sort());
  expect(await sessions.get(token)).toMatchObject({ user: 'ann' });
  expect(await sessions.destroy(token)).toBe(true);
  expect(await sessions.destroyAll('ann')).toBe(1);
  expect(await keysOf(redis)).toEqual([]);
});

test('what is stored under a session’s key and is none is told as that', async () => {
  const redis = await startRedis();
  const sessions = await sessionsOn(redis);
  const { token } = await sessions.create('ann', ADMIN);
  const record = recordOf(token);
  await redis.cli('HDEL', record, 'data');
  await expect(sessions.get(token)).rejects.toMatchObject({ code: 'protocol' });
  await redis.cli('HSET', record, 'data', 'v1 {');
  await expect(sessions.get(token)).rejects.toMatchObject({ code: 'codec' });
  await redis.cli('HSET', record, 'data', 'v2 {}');
  await expect(sessions.get(token)).rejects.toMatchObject({ code: 'codec-newer' });
});
