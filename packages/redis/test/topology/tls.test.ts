import {
  type Certificates,
  certificates,
  eventually,
  freePort,
  startRedis,
  type TestRedis,
} from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { createRedisManager, type RedisManager, type RedisManagerOptions } from '../../src/index.ts';

interface TlsRedis {
  readonly redis: TestRedis;
  readonly url: string;
  readonly pems: Certificates;
}

async function tlsRedis(): Promise<TlsRedis> {
  const pems = await certificates();
  const port = await freePort();
  const redis = await startRedis({ args: ['--tls-port', String(port), ...pems.redisArgs] });
  return { redis, url: `rediss://127.0.0.1:${port}`, pems };
}

function managerOn(options: RedisManagerOptions): RedisManager {
  const manager = createRedisManager({ allowSecond: true, ...options });
  onTestFinished(() => manager.close());
  return manager;
}

test('with the authority and a client certificate the connections are encrypted, and come back after a restart', async () => {
  const { redis, url, pems } = await tlsRedis();
  const manager = managerOn({ url, tls: { ca: pems.ca, ...pems.client } });
  await manager.ready({ timeoutMs: 10_000 });
  await manager.commands.set('a', '1');
  expect(await redis.cli('GET', 'a')).toBe('1');
  const port = new URL(url.replace('rediss', 'http')).port;
  const clients = (await redis.cli('CLIENT', 'LIST'))
    .split('\n')
    .filter((line) => line.includes('name=taproot:'));
  expect(clients).toHaveLength(2);
  for (const client of clients) expect(client).toContain(`laddr=127.0.0.1:${port}`);
  await redis.restart();
  await eventually(() => expect(manager.state).toBe('ready'));
  await manager.commands.set('a', '2');
});

test.each([
  ['an authority that nobody trusts', (_pems: Certificates) => ({}), /certificate/i],
  ['no client certificate', (pems: Certificates) => ({ ca: pems.ca }), /certificate|handshake|alert/i],
  [
    "another name than the server's certificate has",
    (pems: Certificates) => ({ ca: pems.ca, ...pems.client, servername: 'redis.example' }),
    /certificate|name/i,
  ],
])('with %s there is no connection, and the reason says so', async (_name, tls, reason) => {
  const { url, pems } = await tlsRedis();
  const manager = managerOn({ url, tls: tls(pems) });
  await eventually(() => {
    const { state, reason: told } = manager.health();
    expect([state, told]).toEqual(['down', expect.stringMatching(reason)]);
    expect(told).not.toMatch(/PRIVATE|BEGIN/);
  });
  await expect(manager.call(['PING'], { deadlineMs: 200 })).rejects.toMatchObject({ applied: 'no' });
});

test('a plain port behind rediss:// is told from a server that is away', async () => {
  const { redis, pems } = await tlsRedis();
  const manager = managerOn({
    url: redis.url.replace('redis:', 'rediss:'),
    tls: { ca: pems.ca, ...pems.client },
  });
  await eventually(() => expect(manager.health().reason).toMatch(/TLS/));
});
