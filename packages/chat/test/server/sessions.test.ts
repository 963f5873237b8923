import { createChatClient } from '@taproot/chat/client';
import { eventually, faultProxy, startRedis, startStudio } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { ADA, startSite } from './support/site.ts';
import { connected, upgrade, Wire } from './support/wire.ts';

const UNKNOWN = 'x'.repeat(43);

async function startAll() {
  const redis = await startRedis();
  const site = await startSite({ redisUrl: redis.url });
  const { token, session } = await site.chat.sessions.create(ADA);
  return { redis, site, url: site.url, token, session };
}

test('a ticket opens one socket, once, for at most 30 seconds', async () => {
  const { redis, site, url, session } = await startAll();
  const ticket = await site.chat.sessions.issueTicket(session);
  const [key = ''] = JSON.parse(await redis.cli('KEYS', 'taproot:ticket:*')) as string[];
  const ttl = Number(await redis.cli('PTTL', key));
  expect(ttl).toBeGreaterThan(0);
  expect(ttl).toBeLessThanOrEqual(30_000);
  await new Wire(url, { ticket }).until('ready');
  expect(await new Wire(url, { ticket }).closeCode()).toBe(4401);
});

test('of two sockets with one ticket at the same moment one gets in', async () => {
  const { site, url, session } = await startAll();
  const ticket = await site.chat.sessions.issueTicket(session);
  const wires = [1, 2, 3, 4].map(() => new Wire(url, { ticket }));
  await eventually(() => expect(wires.filter(({ closed }) => closed?.code === 4401)).toHaveLength(3));
  await eventually(() => expect(wires.filter((wire) => wire.of('ready').length === 1)).toHaveLength(1));
});

test('a ticket of a revoked session opens nothing', async () => {
  const { site, url, session } = await startAll();
  const ticket = await site.chat.sessions.issueTicket(session);
  await site.chat.sessions.revoke(session);
  expect(await new Wire(url, { ticket }).closeCode()).toBe(4401);
});

test('of several credentials Bearer decides, then the ticket, then the cookie; the others are not looked at', async () => {
  const { site, url, token, session } = await startAll();
  const cookie = { cookie: `other=1; taproot_session=${token}; last=2` };
  const ticket = await site.chat.sessions.issueTicket(session);
  await new Wire(url, { headers: cookie }).until('ready');
  expect(await new Wire(url, { token: UNKNOWN, ticket, headers: cookie }).closeCode()).toBe(4401);
  expect(await new Wire(url, { ticket: UNKNOWN, headers: cookie }).closeCode()).toBe(4401);
  await new Wire(url, { token, ticket: UNKNOWN }).until('ready');
  // It was named three times and is still good.
  await new Wire(url, { ticket, headers: { cookie: `taproot_session=${UNKNOWN}` } }).until('ready');
});

test('an upgrade that is refused for its subprotocol or origin does not use its ticket up', async () => {
  const { site, url, session } = await startAll();
  const ticket = await site.chat.sessions.issueTicket(session);
  expect(await new Wire(url, { ticket, protocols: ['other'] }).closeCode()).toBe(1008);
  expect(await new Wire(url, { ticket, headers: { origin: 'https://evil.example' } }).closeCode()).toBe(4403);
  expect((await upgrade(url, { host: 'evil.example' }, `/ws?ticket=${ticket}`)).status).toBe(403);
  await new Wire(url, { ticket }).until('ready');
});

test('Redis holds neither tokens nor tickets, only their hashes', async () => {
  const { redis, site, url, token, session } = await startAll();
  const ticket = await site.chat.sessions.issueTicket(session);
  const { session: name } = await new Wire(url, { token }).until('ready');
  const keys = JSON.parse(await redis.cli('KEYS', '*')) as string[];
  const values = await Promise.all(
    keys.map(async (key) => ((await redis.cli('TYPE', key)) === 'string' ? redis.cli('GET', key) : '')),
  );
  const stored = [...keys, ...values].join('\n');
  expect(stored).toContain('taproot:session:');
  for (const secret of [token, ticket]) expect(stored).not.toContain(secret);
  expect(name).not.toBe(token);
});

test("a revoked session's next message closes its socket with 4401 and is not stored", async () => {
  const { site, url, token, session } = await startAll();
  const thread = await site.chat.threads.create(ADA);
  const wire = await connected(url, { token });
  await site.chat.sessions.revoke(session);
  wire.send({ type: 'send', thread: thread.id, id: 'm-1', text: 'still me?' });
  wire.send({ type: 'send', thread: thread.id, id: 'm-2', text: 'and again?' });
  expect(await wire.closeCode()).toBe(4401);
  expect(await new Wire(url, { token }).closeCode()).toBe(4401);
  expect(await site.chat.threads.get(ADA, thread.id)).toMatchObject({ seq: 0, status: 'idle' });
  expect(wire.of('accepted')).toEqual([]);
});

test('a session that was revoked during an outage gets no further event, and 4401', async () => {
  const { redis, site } = await startAll();
  const proxy = await faultProxy({ target: redis.url });
  const away = await startSite({ redisUrl: proxy.url, chat: { role: 'gateway' } });
  const { token, session } = await away.chat.sessions.create(ADA);
  const { id } = await away.chat.threads.create(ADA);
  const wire = await connected(away.url, { token });
  const stays = await connected(away.url, { token: await away.signIn() });
  for (const one of [wire, stays]) await one.ask({ type: 'attach', thread: id });
  proxy.refuse();
  await eventually(() => expect(stays.of('status').at(-1)).toMatchObject({ redis: 'down' }));
  await site.chat.sessions.revoke(session);
  await site.chat.threads.send(ADA, id, 'm-1', [{ type: 'text', text: 'a secret' }]);
  await proxy.restore();
  await eventually(() => expect(stays.of('event').length).toBeGreaterThan(1));
  expect(await wire.closeCode()).toBe(4401);
  expect(wire.of('event')).toEqual([]);
});

test('logging out ends the session for HTTP, upgrades and messages', async () => {
  const studio = await startStudio();
  const call = (path: string, token?: string): Promise<Response> =>
    fetch(`${studio.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
    });
  const signedIn = await call('/auth/demo');
  expect(signedIn.headers.get('set-cookie')).toMatch(
    /^taproot_session=[\w-]{65}\.[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  const { token } = (await signedIn.json()) as { token: string };
  const client = createChatClient({ url: studio.url, token });
  onTestFinished(() => client.close());
  const { id } = await client.createThread();
  const wire = await connected(studio.url, { token });
  const out = await call('/auth/logout', token);
  expect([out.status, out.headers.get('set-cookie')]).toEqual([
    204,
    expect.stringMatching(/^taproot_session=; Max-Age=0; /),
  ]);
  const again = await call('/auth/logout', token);
  expect([again.status, again.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  expect(await again.json()).toMatchObject({ status: 401, code: 'unauthenticated' });
  expect(await new Wire(studio.url, { token }).closeCode()).toBe(4401);
  wire.send({ type: 'send', thread: id, id: 'm-1', text: 'still me?' });
  expect(await wire.closeCode()).toBe(4401);
  await expect(client.listThreads()).rejects.toMatchObject({ code: 'not-signed-in' });
});
