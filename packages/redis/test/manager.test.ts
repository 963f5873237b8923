import { connect, createServer } from 'node:net';
import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import {
  createRedisManager,
  type RedisManager,
  type RedisManagerOptions,
  type RedisState,
} from '../src/index.ts';

function managerOn(redis: TestRedis, options: RedisManagerOptions = {}): RedisManager {
  const manager = createRedisManager({ url: redis.url, ...options });
  onTestFinished(() => manager.close());
  return manager;
}

function statesOf(manager: RedisManager): RedisState[] {
  const states: RedisState[] = [manager.state];
  manager.on('state', ({ state }) => states.at(-1) !== state && states.push(state));
  return states;
}

async function taprootClients(redis: TestRedis): Promise<string[]> {
  const list = await redis.cli('CLIENT', 'LIST');
  return [...list.matchAll(/ name=(taproot\S+)/g)].map(([, name]) => name ?? '').sort();
}

test('a manager holds one command and one subscriber connection, named, and none after close', async () => {
  const redis = await startRedis();
  const manager = managerOn(redis);
  await manager.ready({ timeoutMs: 10_000 });
  expect(await taprootClients(redis)).toEqual(['taproot:command:manager', 'taproot:subscriber:manager']);
  await manager.close();
  await eventually(async () => expect(await taprootClients(redis)).toEqual([]));
  expect(manager.state).toBe('closed');
  await expect(manager.call(['PING'])).rejects.toMatchObject({ code: 'closed', applied: 'no' });
});

test('a second manager for the same deployment is an error that names where the first was made', async () => {
  const redis = await startRedis();
  managerOn(redis);
  expect(() => createRedisManager({ url: redis.url })).toThrow(
    expect.objectContaining({ code: 'double-manager', message: expect.stringContaining('manager.test.ts') }),
  );
});

test('a manager waits for a server that is not there yet, and says why it is down', async () => {
  const redis = await startRedis();
  await redis.kill();
  const manager = managerOn(redis);
  await eventually(() =>
    expect(manager.health()).toMatchObject({
      state: 'down',
      reason: expect.stringMatching(/refuses connections/),
    }),
  );
  await expect(manager.ready({ timeoutMs: 50 })).rejects.toMatchObject({
    code: 'not-ready',
    message: expect.stringMatching(/refuses/),
  });
  const ready = manager.ready({ timeoutMs: 20_000 });
  await redis.restart();
  await ready;
});

test('a killed server is down at once, and ready again when it is back', async () => {
  const redis = await startRedis();
  const manager = managerOn(redis);
  await manager.ready({ timeoutMs: 10_000 });
  const states = statesOf(manager);
  await redis.kill();
  await eventually(() => expect(manager.state).toBe('down'));
  await redis.restart();
  await eventually(() => expect(manager.state).toBe('ready'));
  // On the way back the one connection may be there before the other, which is degraded.
  expect(states.filter((state) => state !== 'degraded')).toEqual(['ready', 'down', 'ready']);
});

test('a frozen server is degraded, then down, and ready when it goes on', async () => {
  const redis = await startRedis();
  const manager = managerOn(redis, { probeIntervalMs: 200 });
  await manager.ready({ timeoutMs: 10_000 });
  const states = statesOf(manager);
  redis.freeze();
  await eventually(() => expect(manager.state).toBe('down'));
  redis.thaw();
  await eventually(() => expect(manager.state).toBe('ready'));
  expect(states.slice(0, 3)).toEqual(['ready', 'degraded', 'down']);
});

test('a call ends at its deadline: unsent it was not applied, sent its fate is unknown', async () => {
  const redis = await startRedis();
  const manager = managerOn(redis);
  await manager.ready({ timeoutMs: 10_000 });
  redis.freeze();
  await expect(manager.call(['INCR', 'n'], { deadlineMs: 100 })).rejects.toMatchObject({
    code: 'timeout',
    applied: 'unknown',
  });
  redis.thaw();
  await eventually(async () => expect(await redis.cli('GET', 'n')).toBe('1'));
  await redis.kill();
  await eventually(() => expect(manager.state).toBe('down'));
  await expect(manager.call(['INCR', 'n'], { deadlineMs: 100 })).rejects.toMatchObject({
    applied: 'no',
    retryable: true,
  });
});

test('a process that was held up takes a reply that came in time for what it is', async () => {
  const redis = await startRedis();
  const manager = managerOn(redis);
  await manager.ready({ timeoutMs: 10_000 });
  const call = manager.call(['PING'], { deadlineMs: 200 });
  await new Promise((resolve) => setImmediate(resolve));
  // Nothing of this process runs meanwhile; the reply waits in the socket.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
  expect(await call).toBe('PONG');
});

test('a call that its caller aborts ends at once', async () => {
  const redis = await startRedis();
  const manager = managerOn(redis);
  await manager.ready({ timeoutMs: 10_000 });
  redis.freeze();
  const abort = new AbortController();
  const call = manager.call(['PING'], { signal: abort.signal });
  setImmediate(() => abort.abort());
  await expect(call).rejects.toMatchObject({ code: 'aborted', applied: 'unknown' });
  await expect(manager.call(['PING'], { signal: abort.signal })).rejects.toMatchObject({ code: 'aborted' });
  redis.thaw();
});

test('a command whose reply was lost is not sent again', async () => {
  const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const manager = managerOn(redis);
  await manager.ready({ timeoutMs: 10_000 });
  // The script counts, then keeps the server busy until it is killed, so that the reply cannot come.
  const lua = "redis.call('INCR', KEYS[1]) redis.call('PUBLISH', 'counted', '1') while true do end";
  const call = manager.call(['EVAL', lua, '1', 'counter'], { deadlineMs: 20_000 });
  const failed = expect(call).rejects.toMatchObject({
    code: 'connection-lost',
    applied: 'unknown',
    retryable: false,
  });
  await redis.kill();
  await failed;
  await redis.restart();
  await manager.ready({ timeoutMs: 10_000 });
  expect(Number((await redis.cli('GET', 'counter')) || 0)).toBeLessThanOrEqual(1);
});

test('calls that wait for a connection are bounded in number', async () => {
  const redis = await startRedis();
  await redis.kill();
  const manager = managerOn(redis, { maxQueuedCalls: 2, deadlineMs: 300 });
  const results = await Promise.allSettled([1, 2, 3].map(() => manager.call(['PING'])));
  const codes = results.map((result) => result.status === 'rejected' && result.reason.code);
  expect(codes).toEqual(['timeout', 'timeout', 'queue-full']);
});

test('a server that refuses writes is degraded and says why', async () => {
  const redis = await startRedis();
  const manager = managerOn(redis, { probeIntervalMs: 100 });
  await manager.ready({ timeoutMs: 10_000 });
  await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
  await eventually(() =>
    expect(manager.health()).toMatchObject({
      state: 'degraded',
      checks: { write: { ok: false }, read: { ok: true } },
    }),
  );
  await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
  await eventually(() => expect(manager.state).toBe('ready'));
});

test('wiped data is another epoch', async () => {
  const redis = await startRedis();
  const manager = managerOn(redis, { probeIntervalMs: 100 });
  await manager.ready({ timeoutMs: 10_000 });
  const { epoch } = manager.deployment;
  await redis.cli('FLUSHALL');
  await eventually(() => expect(manager.deployment.epoch).not.toBe(epoch));
});

test('missing credentials are told at once and never quoted', async () => {
  const redis = await startRedis({ args: ['--requirepass', 'correct'] });
  const manager = createRedisManager({ url: `redis://:sesame-wrong@127.0.0.1:${redis.port}` });
  onTestFinished(() => manager.close());
  const error = await manager.ready({ timeoutMs: 10_000 }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'noauth' });
  expect(JSON.stringify([error, (error as Error).message, (error as Error).stack])).not.toContain('sesame');
});

test('a server older than 6.2 is refused at once', async () => {
  const redis = await startRedis();
  // The real server, with another version in its INFO, and not calling itself Valkey; all have the same length.
  const proxy = createServer((client) => {
    const server = connect(redis.port, '127.0.0.1');
    client.pipe(server);
    server.on('data', (data) =>
      client.write(
        Buffer.from(
          data
            .toString('latin1')
            .replace(/redis_version:\d/, 'redis_version:5')
            .replace('valkey_version:', 'unknown_version'),
          'latin1',
        ),
      ),
    );
    client.on('close', () => server.destroy());
    for (const socket of [client, server]) socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  const { port } = proxy.address() as { port: number };
  const manager = createRedisManager({ url: `redis://127.0.0.1:${port}` });
  onTestFinished(() => manager.close());
  await expect(manager.ready({ timeoutMs: 10_000 })).rejects.toMatchObject({
    code: 'version-unsupported',
    message: expect.stringMatching(/5\.\d.*6\.2/),
  });
});
