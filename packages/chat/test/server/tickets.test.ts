import { eventually, faultProxy, startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { ADA, startSite } from './support/site.ts';
import { upgrade, Wire } from './support/wire.ts';

const SUBPROTOCOL = { 'sec-websocket-protocol': 'taproot.v1' };

test('of many gateways that are shown one ticket at the same moment one lets its bearer in', async () => {
  const redis = await startRedis();
  const sites = await Promise.all([1, 2, 3].map(() => startSite({ redisUrl: redis.url })));
  const [first] = sites;
  const { session } = (await first?.chat.sessions.create(ADA)) ?? expect.fail();
  for (let round = 0; round < 10; round++) {
    const ticket = (await first?.chat.sessions.issueTicket(session)) ?? expect.fail();
    const wires = sites.flatMap(({ url }) => [new Wire(url, { ticket }), new Wire(url, { ticket })]);
    await eventually(() => {
      const refused = wires.filter(({ closed }) => closed?.code === 4401);
      const welcomed = wires.filter((wire) => wire.of('ready').length === 1);
      expect([refused.length, welcomed.length]).toEqual([5, 1]);
    });
    for (const wire of wires) wire.close();
  }
});

test('of many redemptions at once, on one gateway or on several, one gets the session', async () => {
  const redis = await startRedis();
  const sites = await Promise.all([1, 2].map(() => startSite({ redisUrl: redis.url })));
  const { session } = (await sites[0]?.chat.sessions.create(ADA)) ?? expect.fail();
  for (let round = 0; round < 50; round++) {
    const ticket = (await sites[0]?.chat.sessions.issueTicket(session)) ?? expect.fail();
    const all = sites.flatMap(({ chat }) => [1, 2, 3].map(() => chat.sessions.redeemTicket(ticket)));
    const found = (await Promise.all(all)).filter((one) => one !== undefined);
    expect(found).toEqual([session]);
  }
});

test('a ticket whose redemption got no answer is used up, and its upgrade gets 503 instead of a socket', async () => {
  const redis = await startRedis();
  const site = await startSite({ redisUrl: redis.url });
  const proxy = await faultProxy({ target: redis.url });
  const away = await startSite({ redisUrl: proxy.url });
  const { session } = await site.chat.sessions.create(ADA);
  const ticket = await site.chat.sessions.issueTicket(session);
  proxy.blackhole();
  const answer = await upgrade(away.url, SUBPROTOCOL, `/ws?ticket=${ticket}`);
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
  await proxy.restore();
  // What was held up arrives now.
  await eventually(async () => expect(await redis.cli('KEYS', 'taproot:ticket:*')).toBe('[]'));
  expect(await new Wire(site.url, { ticket }).closeCode()).toBe(4401);
});

test('a ticket is no token: over HTTP it opens nothing', async () => {
  const redis = await startRedis();
  const { url, chat } = await startSite({ redisUrl: redis.url });
  const { session } = await chat.sessions.create(ADA);
  const ticket = await chat.sessions.issueTicket(session);
  const answer = await fetch(`${url}/threads`, { headers: { authorization: `Bearer ${ticket}` } });
  expect(answer.status).toBe(401);
  await new Wire(url, { ticket }).until('ready');
});

test('a ticket is no more after its 30 seconds', async () => {
  const redis = await startRedis();
  const { url, chat } = await startSite({ redisUrl: redis.url });
  const { session } = await chat.sessions.create(ADA);
  const ticket = await chat.sessions.issueTicket(session);
  const [key = ''] = JSON.parse(await redis.cli('KEYS', 'taproot:ticket:*')) as string[];
  expect(key).not.toContain(ticket);
  await redis.cli('PEXPIRE', key, '1');
  await eventually(async () => expect(await redis.cli('EXISTS', key)).toBe('0'));
  expect(await new Wire(url, { ticket }).closeCode()).toBe(4401);
});
