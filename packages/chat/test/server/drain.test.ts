import { eventually, startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { ADA, type Site, startSite } from './support/site.ts';
import { connected, upgrade, type Wire } from './support/wire.ts';

/** A server that answers a command when it is let; its frames come from a signed-in socket. */
async function startHeld(): Promise<{
  site: Site;
  wire: Wire;
  thread: string;
  release: () => void;
  asked: () => number;
}> {
  const redis = await startRedis();
  const gate = Promise.withResolvers<boolean>();
  let asked = 0;
  const authorize = (): Promise<boolean> => {
    asked++;
    return gate.promise;
  };
  const site = await startSite({ redisUrl: redis.url, chat: { authorize } });
  const { id: thread } = await site.chat.threads.create(ADA);
  const wire = await connected(site.url, { token: await site.signIn() });
  return { site, wire, thread, release: () => gate.resolve(true), asked: () => asked };
}

test('what came before a drain is answered before its socket is closed with 1012', async () => {
  const { site, wire, thread, release, asked } = await startHeld();
  for (const n of [1, 2, 3]) wire.send({ type: 'send', thread, id: `m-${n}`, text: 'hello' });
  await eventually(() => expect(asked()).toBe(1));
  const closed = site.chat.close();
  const busy = await upgrade(site.url, { 'sec-websocket-protocol': 'taproot.v1' });
  expect([busy.status, busy.headers['retry-after'], site.chat.draining]).toEqual([503, '1', true]);
  release();
  await closed;
  expect(await wire.closeCode()).toBe(1012);
  expect(wire.of('accepted').map(({ id }) => id)).toEqual(['m-1', 'm-2', 'm-3']);
});

test('what comes during a drain is not taken, so that the client sends it to another gateway', async () => {
  const { site, wire, thread, release, asked } = await startHeld();
  wire.send({ type: 'send', thread, id: 'm-1', text: 'hello' });
  await eventually(() => expect(asked()).toBe(1));
  const closed = site.chat.close();
  wire.send({ type: 'send', thread, id: 'm-2', text: 'late' });
  // It has arrived by the time this has gone there and back.
  await upgrade(site.url);
  release();
  await closed;
  expect(await wire.closeCode()).toBe(1012);
  expect(wire.of('accepted').map(({ id }) => id)).toEqual(['m-1']);
  expect((await site.manager.call(['HKEYS', `taproot:{thread:${thread}}:ids`])) as string[]).toHaveLength(1);
});

test('a command that is never answered holds a drain up for a bounded time only', async () => {
  const { site, wire, thread, asked } = await startHeld();
  wire.send({ type: 'send', thread, id: 'm-1', text: 'hello' });
  await eventually(() => expect(asked()).toBe(1));
  await site.chat.close();
  expect(await wire.closeCode()).toBe(1012);
});

test('a client that does not answer the close is cut', async () => {
  const redis = await startRedis();
  const site = await startSite({ redisUrl: redis.url });
  const wire = await connected(site.url, { token: await site.signIn() });
  wire.socket.pause();
  await site.chat.close();
  expect(site.chat.load.sockets).toBe(0);
});
