import { type ChatClient, type ConnectionState, createChatClient } from '@taproot/chat/client';
import { eventually, faultProxy, freePort, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket as Ws } from 'ws';
import { type Site, startSite } from './support/site.ts';
import { connected, type Refusal, upgrade, Wire } from './support/wire.ts';

const TEXT = { type: 'send', id: 'm-1', text: 'hello' } as const;

async function redisThatKeeps(): Promise<TestRedis> {
  return startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
}

/** Somebody's session from before: tokens can be made only while Redis answers. */
async function tokenFromBefore(redis: TestRedis): Promise<string> {
  const before = await startSite({ redisUrl: redis.url, chat: { role: 'gateway' } });
  const token = await before.signIn();
  await before.chat.close();
  await before.manager.close();
  return token;
}

/** A browser's way, without a ticket: each socket brings its credential. */
function withHeader(token: string): typeof WebSocket {
  class HeaderSocket extends Ws {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, { headers: { authorization: `Bearer ${token}` } });
    }
  }
  return HeaderSocket as unknown as typeof WebSocket;
}

function clientOf({ url }: Site, token: string, by: 'ticket' | 'header'): ChatClient {
  const authorized = { headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } };
  const client = createChatClient({
    url,
    backoff: { minMs: 10, maxMs: 100 },
    ...(by === 'ticket'
      ? { token }
      : { WebSocket: withHeader(token), fetch: (at, init) => fetch(at, { ...init, ...authorized }) }),
  });
  onTestFinished(() => client.close());
  return client;
}

function expectNotReady({ status, headers, body }: Refusal): void {
  expect(status).toBe(503);
  expect(headers['retry-after']).toMatch(/^[1-9]\d*$/);
  expect(headers['content-type']).toBe('application/problem+json');
  expect(JSON.parse(body)).toMatchObject({ status: 503, code: 'redis-unavailable' });
}

test.each([
  ['is not there', 'ticket'],
  ['is not there', 'header'],
  ['is frozen', 'ticket'],
  ['is frozen', 'header'],
] as const)(
  'a server started while Redis %s answers upgrades with 503, and the waiting client (%s) gets in by itself',
  async (trouble, by) => {
    const redis = await redisThatKeeps();
    const token = await tokenFromBefore(redis);
    if (trouble === 'is frozen') redis.freeze();
    else await redis.kill();
    const site = await startSite({ redisUrl: redis.url, waitFor: 'listening' });
    expectNotReady(await upgrade(site.url, { authorization: `Bearer ${token}` }));
    const client = clientOf(site, token, by);
    const states: ConnectionState[] = [];
    client.on('connection', (state) => states.push(state));
    await eventually(() => expect(client.connection).toMatchObject({ socket: 'waiting', redis: 'down' }));
    if (trouble === 'is frozen') redis.thaw();
    else await redis.restart();
    await eventually(() => expect(client.connection).toMatchObject({ socket: 'open', redis: 'ready' }), {
      timeoutMs: 30_000,
    });
    const { id } = await client.createThread();
    expect(await client.send(id, 'are you there?').accepted).toMatchObject({ seq: 1 });
    expect(states.map(({ closedBy }) => closedBy?.code)).not.toContain(1011);
  },
);

const GOOD = { 'sec-websocket-protocol': 'taproot.v1' };
/** Wrong in everything that is checked after the path. */
const BAD = { host: 'evil.example', origin: 'https://evil.example', 'sec-websocket-protocol': 'other' };

test('while Redis is away the path is checked before readiness, and readiness before all else', async () => {
  const redisUrl = `redis://127.0.0.1:${await freePort()}`;
  const { url } = await startSite({ redisUrl, waitFor: 'listening' });
  for (const path of ['/', '/ws/', '/ws2', '/threads', '//', '//ws', '/%77s', '*']) {
    expect([path, (await upgrade(url, BAD, path)).status]).toEqual([path, 404]);
  }
  expect((await upgrade(url, { ...BAD, upgrade: 'h2c' })).status).toBe(400);
  expectNotReady(await upgrade(url, BAD));
  expectNotReady(await upgrade(url, GOOD));
});

test('once it is ready the host comes first, then subprotocol, origin and session', async () => {
  const { url, signIn } = await startSite({ redisUrl: (await startRedis()).url });
  const token = await signIn();
  const foreign = await upgrade(url, BAD);
  expect([foreign.status, JSON.parse(foreign.body).code]).toEqual([403, 'foreign-host']);
  const evil = { headers: { origin: 'https://evil.example' } };
  expect(await new Wire(url, { ...evil, protocols: ['other'] }).closeCode()).toBe(1008);
  expect(await new Wire(url, { ...evil, protocols: [] }).closeCode()).toBe(1008);
  expect(await new Wire(url, evil).closeCode()).toBe(4403);
  expect(await new Wire(url, { ...evil, token }).closeCode()).toBe(4403);
  expect(await new Wire(url).closeCode()).toBe(4401);
  expect(await new Wire(url, { token: 'x'.repeat(43) }).closeCode()).toBe(4401);
  expect((await new Wire(url, { token }).until('ready')).user).toEqual({ id: 'ada', name: 'Ada' });
});

test('a refusal by close code comes as the first thing on the socket, without ready', async () => {
  const { url } = await startSite({ redisUrl: (await startRedis()).url });
  for (const options of [{}, { protocols: ['other'] }, { headers: { origin: 'null' } }]) {
    const wire = new Wire(url, options);
    await wire.closeCode();
    expect(wire.frames).toEqual([]);
  }
});

test('without taproot.v1 the first offered subprotocol is named, so that browsers see the 1008', async () => {
  const { url, signIn } = await startSite({ redisUrl: (await startRedis()).url });
  const wire = new Wire(url, { token: await signIn(), protocols: ['taproot.v9', 'other'] });
  expect(await wire.closeCode()).toBe(1008);
  expect(wire.socket.protocol).toBe('taproot.v9');
  const both = await connected(url, { token: await signIn(), protocols: ['other', 'taproot.v1'] });
  expect(both.socket.protocol).toBe('taproot.v1');
});

test.each([
  'http://127.0.0.1',
  'http://localhost:1',
  'null',
  'not an origin',
  'https://127.0.0.1.evil.example',
])('the origin %s is foreign, whatever the credential', async (origin) => {
  const { url, signIn } = await startSite({ redisUrl: (await startRedis()).url });
  const wire = new Wire(url, { token: await signIn(), headers: { origin } });
  expect(await wire.closeCode()).toBe(4403);
});

test('a draining server refuses upgrades with 503 and closes open sockets with 1012', async () => {
  const { url, chat, signIn } = await startSite({ redisUrl: (await startRedis()).url });
  const wire = await connected(url, { token: await signIn() });
  await chat.close();
  expect(await wire.closeCode()).toBe(1012);
  expectNotReady(await upgrade(url, GOOD));
});

test('a Redis that goes away while the session is looked up makes it a 503', async () => {
  const redis = await startRedis();
  const { url, signIn } = await startSite({ redisUrl: redis.url });
  const token = await signIn();
  redis.freeze();
  expectNotReady(await upgrade(url, { ...GOOD, authorization: `Bearer ${token}` }));
  redis.thaw();
});

test('an outage does not close a socket, and its status frames tell of it', async () => {
  const redis = await startRedis();
  const { url, signIn, manager } = await startSite({ redisUrl: redis.url });
  const proxy = await faultProxy({ target: redis.url });
  const away = await startSite({ redisUrl: proxy.url });
  const wire = await connected(away.url, { token: await signIn() });
  proxy.refuse();
  await eventually(() =>
    expect(wire.of('status').at(-1)).toMatchObject({ redis: 'down', retryAfterMs: expect.any(Number) }),
  );
  expectNotReady(await upgrade(away.url, GOOD));
  expect(await wire.ask({ ...TEXT, thread: 't' })).toMatchObject({
    ...{ type: 'error', code: 'redis-unavailable', applied: 'no', ref: 'm-1' },
  });
  expect(await wire.ask({ type: 'ping', n: 5 })).toEqual({ type: 'pong', n: 5 });
  await proxy.restore();
  await eventually(() => expect(wire.of('status').at(-1)).toMatchObject({ redis: 'ready' }));
  expect(wire.closed).toBeUndefined();
  expect([url, manager.state]).toEqual([url, 'ready']);
});
