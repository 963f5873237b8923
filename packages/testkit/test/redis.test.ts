import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from 'redis';
import { beforeAll, describe, expect, test } from 'vitest';
import { freePort, startRedis, type TestRedis } from '../src/index.ts';
import { isAlive } from './support/is-alive.ts';

const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'];

test('a restarted server has the data it had, on the port it had', async () => {
  const redis = await startRedis({ args: DURABLE });
  const { port, pid } = redis;
  await redis.cli('SET', 'a', '1');
  await redis.kill();
  await redis.restart();
  expect(redis.port).toBe(port);
  expect(redis.pid).not.toBe(pid);
  expect(await redis.cli('GET', 'a')).toBe('1');
});

test('a killed server is gone when kill resolves', async () => {
  const redis = await startRedis();
  const { pid } = redis;
  await redis.kill();
  expect(isAlive(pid)).toBe(false);
});

test('a frozen server answers nothing until it is thawed, and then what it was asked', async () => {
  const redis = await startRedis();
  const awake = await startRedis();
  redis.freeze();
  let answered = false;
  const answer = redis.cli('PING').finally(() => {
    answered = true;
  });
  for (let asked = 0; asked < 3; asked += 1) await awake.cli('PING');
  expect(answered).toBe(false);
  redis.thaw();
  expect(await answer).toBe('PONG');
});

test('a stopped server has ended in good order, also when it was frozen', async () => {
  const redis = await startRedis();
  redis.freeze();
  await redis.stop();
  expect(redis.output()).toContain('Redis is now ready to exit');
});

test('a server that cannot start says why', async () => {
  await expect(startRedis({ args: ['--no-such-option', '1'] })).rejects.toMatchObject({
    code: 'not-started',
    message: expect.stringContaining('no-such-option'),
  });
});

test('a Unix socket is there when asked for', async () => {
  const redis = await startRedis({ unixSocket: true });
  expect(redis.socketPath).toBe(join(redis.dir, 'redis.sock'));
  const client = createClient({ socket: { path: redis.socketPath ?? '', tls: false } });
  await client.connect();
  expect(await client.ping()).toBe('PONG');
  client.destroy();
});

test('a free port lies below those of outgoing connections, with its bus port', async () => {
  const port = await freePort();
  expect(port).toBeGreaterThanOrEqual(10_240);
  expect(port + 10_000).toBeLessThan(32_768);
});

describe('a server started before the tests', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });

  test('may be restarted in one test', async () => {
    await redis.restart();
    expect(await redis.cli('PING')).toBe('PONG');
  });

  test('and is still there for the next', async () => {
    expect(await redis.cli('PING')).toBe('PONG');
  });
});

describe('a server started in a test', () => {
  let left: { pid: number; dir: string };

  test('is there while the test runs', async () => {
    const { pid, dir } = await startRedis();
    left = { pid, dir };
    expect(isAlive(pid)).toBe(true);
  });

  test('is gone with its folder after it', () => {
    expect(isAlive(left.pid)).toBe(false);
    expect(existsSync(left.dir)).toBe(false);
  });
});
