import { eventually, faultProxy, startCluster, startRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { SessionWatch } from '../../src/server/gateway/session-watch.ts';
import { ADA, BOB, type Site, startSite } from './support/site.ts';
import { connected, upgrade, Wire } from './support/wire.ts';

async function startTwo() {
  const redis = await startRedis();
  const sites: [Site, Site] = [
    await startSite({ redisUrl: redis.url }),
    await startSite({ redisUrl: redis.url, chat: { role: 'gateway' } }),
  ];
  return { redis, sites };
}

function get(url: string, token: string): Promise<Response> {
  return fetch(`${url}/threads`, { headers: { authorization: `Bearer ${token}` } });
}

test('a revoked session’s sockets are closed with 4401 on all gateways, within a second, and no others', async () => {
  const { sites } = await startTwo();
  const [{ chat }] = sites;
  const { token, session } = await chat.sessions.create(ADA);
  const other = (await chat.sessions.create(ADA)).token;
  const bob = (await chat.sessions.create(BOB)).token;
  const open = (by: string): Promise<Wire[]> =>
    Promise.all(sites.flatMap(({ url }) => [connected(url, { token: by }), connected(url, { token: by })]));
  const [revoked, stay] = [await open(token), [...(await open(other)), ...(await open(bob))]];
  const before = performance.now();
  await chat.sessions.revoke(session);
  const codes = await Promise.all(revoked.map((wire) => wire.closeCode()));
  expect([codes, performance.now() - before < 5000]).toEqual([[4401, 4401, 4401, 4401], true]);
  for (const wire of stay) expect(await wire.ask({ type: 'ping', n: 1 })).toEqual({ type: 'pong', n: 1 });
  for (const { url } of sites) expect((await get(url, token)).status).toBe(401);
});

test('signing a user out everywhere closes the sockets of all their sessions', async () => {
  const { sites } = await startTwo();
  const [{ chat }] = sites;
  const tokens = await Promise.all([1, 2, 3].map(async () => (await chat.sessions.create(ADA)).token));
  const wires = await Promise.all(
    tokens.flatMap((token) => sites.map(({ url }) => connected(url, { token }))),
  );
  const bob = await connected(sites[1].url, { token: (await chat.sessions.create(BOB)).token });
  expect(await chat.sessions.revokeAll(ADA.id)).toBe(3);
  expect(new Set(await Promise.all(wires.map((wire) => wire.closeCode())))).toEqual(new Set([4401]));
  expect(bob.closed).toBeUndefined();
});

test('a revocation that was told while the subscriber was away is found when it is back', async () => {
  const { redis, sites } = await startTwo();
  const [{ chat, url }] = sites;
  const { token, session } = await chat.sessions.create(ADA);
  const wire = await connected(url, { token });
  const stays = await connected(url, { token: (await chat.sessions.create(BOB)).token });
  const [key = ''] = JSON.parse(await redis.cli('KEYS', `taproot:session:*:${session.id}`)) as string[];
  // Nobody hears of it.
  expect(await redis.cli('DEL', key)).toBe('1');
  await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
  expect(await wire.closeCode()).toBe(4401);
  expect(stays.closed).toBeUndefined();
});

test('on a Cluster of three masters it is the same, wherever the sessions lie', async () => {
  const cluster = await startCluster({ masters: 3 });
  const sites = [await startSite({ redisUrl: cluster.url }), await startSite({ redisUrl: cluster.url })];
  const users = Array.from({ length: 6 }, (_, n) => ({ ...ADA, id: `user-${n}` }));
  const [one] = sites;
  const signedIn = await Promise.all(users.map((user) => one?.chat.sessions.create(user) ?? expect.fail()));
  const wires = await Promise.all(
    signedIn.flatMap(({ token }) => sites.map(({ url }) => connected(url, { token }))),
  );
  for (const { session } of signedIn) await one?.chat.sessions.revoke(session);
  expect(new Set(await Promise.all(wires.map((wire) => wire.closeCode())))).toEqual(new Set([4401]));
});

test('a session that runs out is noticed although nobody tells it', async () => {
  const redis = await startRedis();
  const { chat, manager } = await startSite({ redisUrl: redis.url, chat: { sessionMs: 300 } });
  const lasting = await startSite({ redisUrl: redis.url });
  const ended: string[] = [];
  const watch = new SessionWatch({
    manager,
    sessions: chat.sessions,
    lookEveryMs: 50,
    onError: console.error,
  });
  onTestFinished(() => watch.close());
  const socket = (name: string, session: typeof short.session) => ({
    session,
    signedOut: () => ended.push(name),
  });
  const short = await chat.sessions.create(ADA);
  const long = await lasting.chat.sessions.create(ADA);
  watch.add(socket('short', short.session), watch.heard);
  watch.add(socket('long', long.session), watch.heard);
  await eventually(() => expect(ended).toContain('short'));
  expect(ended).not.toContain('long');
});

test('a session that is revoked while its socket is being opened is closed', async () => {
  const redis = await startRedis();
  const { chat, manager } = await startSite({ redisUrl: redis.url });
  const { session } = await chat.sessions.create(ADA);
  const { session: other } = await chat.sessions.create(ADA);
  const watch = new SessionWatch({
    manager,
    sessions: chat.sessions,
    lookEveryMs: 60_000,
    onError: console.error,
  });
  onTestFinished(() => watch.close());
  // Heard for sure once it closes one that it watches.
  let canary = 0;
  watch.add({ session: other, signedOut: () => canary++ }, watch.heard);
  await eventually(async () =>
    expect(await redis.cli('PUBSUB', 'NUMSUB', 'taproot:session:revoked')).toMatch(/[1-9]/),
  );
  const since = watch.heard;
  await chat.sessions.revoke(session);
  await chat.sessions.revoke(other);
  await eventually(() => expect(canary).toBeGreaterThan(0));
  const ended: string[] = [];
  watch.add({ session, signedOut: () => ended.push('late') }, since);
  await eventually(() => expect(ended).toContain('late'));
});

test('while Redis is away nobody gets in and nothing is done, and open sockets stay', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: redis.url });
  const site = await startSite({ redisUrl: proxy.url });
  const token = await site.signIn();
  const { id: thread } = await site.chat.threads.create(ADA);
  const wire = await connected(site.url, { token });
  proxy.refuse();
  await eventually(() => expect(wire.of('status').at(-1)).toMatchObject({ redis: 'down' }));
  const answer = await get(site.url, token);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  const opened = await upgrade(site.url, {
    'sec-websocket-protocol': 'taproot.v1',
    authorization: `Bearer ${token}`,
  });
  expect([opened.status, opened.headers['retry-after']]).toEqual([503, '1']);
  expect(await wire.ask({ type: 'send', thread, id: 'm-1', text: 'hello' })).toMatchObject({
    ...{ type: 'error', code: 'redis-unavailable', applied: 'no', ref: 'm-1' },
  });
  expect(wire.closed).toBeUndefined();
  await proxy.restore();
  await eventually(() => expect(wire.of('status').at(-1)).toMatchObject({ redis: 'ready' }));
  expect(await wire.ask({ type: 'send', thread, id: 'm-1', text: 'hello' })).toMatchObject({
    type: 'accepted',
  });
});

test('a token that was not signed with the secret is refused without a question to Redis', async () => {
  const { redis, sites } = await startTwo();
  const [{ url, chat }] = sites;
  const { token } = await chat.sessions.create(ADA);
  const secret = new Uint8Array(32).fill(1);
  const other = await startSite({ redisUrl: redis.url, chat: { secret } });
  const [record = '', signature = ''] = token.split('.');
  const forged = [`${record}.${'x'.repeat(43)}`, `${'x'.repeat(65)}.${signature}`, record];
  expect((await get(url, token)).status).toBe(200);
  await redis.cli('CONFIG', 'RESETSTAT');
  for (const bad of forged) {
    expect((await get(url, bad)).status).toBe(401);
    expect(await new Wire(url, { token: bad }).closeCode()).toBe(4401);
  }
  expect((await get(other.url, token)).status).toBe(401);
  // It is what a session is read by.
  expect(await redis.cli('INFO', 'commandstats')).not.toContain('cmdstat_hmget');
  expect((await get(url, token)).status).toBe(200);
  expect(await redis.cli('INFO', 'commandstats')).toContain('cmdstat_hmget');
});
