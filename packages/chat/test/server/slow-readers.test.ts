import type { ChatLimits } from '@taproot/chat/server';
import { prometheusText } from '@taproot/redis';
import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { PAUSE_OUTGOING_BYTES } from '../../src/server/gateway/limits.ts';
import { longThread } from './support/long-log.ts';
import { type Site, startSite } from './support/site.ts';
import { connected, type Wire } from './support/wire.ts';

const EVENTS = 100_000;
/** An event's frame, for texts of 100 bytes. */
const FRAME_BYTES = 400;

async function startAll(limits: Partial<ChatLimits> = {}) {
  const redis = await startRedis();
  const site = await startSite({ redisUrl: redis.url, chat: { limits } });
  return { redis, site };
}

function metric({ chat }: Site, line: string): number {
  const found = prometheusText(chat.metrics())
    .split('\n')
    .find((each) => each.startsWith(`${line} `));
  return Number(found?.split(' ').at(-1) ?? Number.NaN);
}

async function reads(redis: TestRedis): Promise<number> {
  const [, calls = '0'] = /cmdstat_xrange:calls=(\d+)/.exec(await redis.cli('INFO', 'commandstats')) ?? [];
  return Number(calls);
}

/** A socket that asked for all of a thread, and reads nothing. */
async function deafReader({ url, signIn }: Site, thread: string): Promise<Wire> {
  const wire = await connected(url, { token: await signIn() });
  wire.send({ type: 'attach', thread, after: { seq: 0 } });
  wire.socket.pause();
  return wire;
}

/** Until nothing is read on its behalf any more. */
async function stalled(redis: TestRedis, site: Site): Promise<void> {
  let before = -1;
  await eventually(
    async () => {
      const now = await reads(redis);
      const waiting = metric(site, 'taproot_outgoing_bytes_max');
      const same = now === before && waiting > 0;
      before = now;
      expect(same).toBe(true);
    },
    { timeoutMs: 20_000, everyMs: 300 },
  );
}

test('a thread of 100,000 events waits in Redis for a reader who does not read, and comes whole and in order in the end', async () => {
  const { redis, site } = await startAll();
  const thread = await longThread(site, EVENTS);
  await redis.cli('CONFIG', 'RESETSTAT');
  const wire = await deafReader(site, thread);
  await stalled(redis, site);
  expect(metric(site, 'taproot_outgoing_bytes_max')).toBeLessThan(PAUSE_OUTGOING_BYTES + 2 * FRAME_BYTES);
  const whole = EVENTS / 256;
  expect(await reads(redis)).toBeLessThan(whole);
  wire.socket.resume();
  await eventually(() => expect(wire.of('event').length).toBe(EVENTS), { timeoutMs: 40_000 });
  expect(wire.of('event').findIndex(({ seq }, index) => seq !== index + 1)).toBe(-1);
  expect(wire.closed).toBeUndefined();
});

test('while a long thread is replayed pings are answered, on its socket and on others', async () => {
  const { site } = await startAll();
  const thread = await longThread(site, EVENTS);
  const other = await connected(site.url, { token: await site.signIn() });
  const wire = await connected(site.url, { token: await site.signIn() });
  wire.send({ type: 'attach', thread, after: { seq: 0 } });
  await eventually(() => expect(wire.of('event').length).toBeGreaterThan(0));
  wire.send({ type: 'ping', n: 7 });
  expect(await other.ask({ type: 'ping', n: 8 })).toEqual({ type: 'pong', n: 8 });
  const seenByThen = wire.of('event').length;
  await eventually(() => expect(wire.of('event').length).toBe(EVENTS), { timeoutMs: 40_000 });
  expect(seenByThen).toBeLessThan(EVENTS);
  const pong = wire.frames.findIndex(({ type }) => type === 'pong');
  expect([pong > 0, pong < EVENTS]).toEqual([true, true]);
});

test('of many threads that are attached together only one event waits beyond the bound, however large they are', async () => {
  const { redis, site } = await startAll();
  const large = 200_000;
  const threads = await Promise.all(Array.from({ length: 20 }, () => longThread(site, 10, large)));
  const wire = await connected(site.url, { token: await site.signIn() });
  for (const thread of threads) wire.send({ type: 'attach', thread, after: { seq: 0 } });
  await eventually(() => expect(wire.of('attached').length).toBeGreaterThan(10));
  wire.socket.pause();
  await stalled(redis, site);
  expect(metric(site, 'taproot_outgoing_bytes_max')).toBeLessThan(PAUSE_OUTGOING_BYTES + 2 * large);
  wire.socket.resume();
  await eventually(() => expect(wire.of('event').length).toBe(200), { timeoutMs: 30_000 });
  expect(wire.closed).toBeUndefined();
});

test('a reader for whom a frame waits longer than the limit is closed with 4408, and misses nothing after it', async () => {
  const { redis, site } = await startAll({ maxOutgoingMs: 2000 });
  const thread = await longThread(site, EVENTS);
  const wire = await deafReader(site, thread);
  await eventually(() => expect(metric(site, 'taproot_refused_total{limit="outgoing-age"}')).toBe(1), {
    timeoutMs: 30_000,
  });
  expect(metric(site, 'taproot_sockets_closed_total{code="4408"}')).toBe(1);
  // The server lets go of it although it never answers.
  await eventually(() => expect(site.chat.load.sockets).toBe(0), { timeoutMs: 15_000 });
  expect(metric(site, 'taproot_outgoing_bytes')).toBe(0);
  await eventually(async () => expect(await redis.cli('PUBSUB', 'CHANNELS', `*${thread}*`)).toBe('[]'));
  wire.socket.resume();
  await wire.closeCode();
  const last = wire.of('event').at(-1);
  const again = await connected(site.url, { token: await site.signIn() });
  again.send({ type: 'attach', thread, after: { seq: last?.seq ?? 0, chain: last?.chain } });
  await eventually(() => expect(again.of('event').at(-1)?.seq).toBe(EVENTS), { timeoutMs: 40_000 });
  expect(again.of('event')[0]?.seq).toBe((last?.seq ?? 0) + 1);
});

test('when too much waits for all readers together the slowest are closed, until it fits', async () => {
  const { redis, site } = await startAll({ maxTotalOutgoingBytes: 400_000 });
  const thread = await longThread(site, EVENTS);
  await deafReader(site, thread);
  await stalled(redis, site);
  expect(site.chat.load.sockets).toBe(1);
  await deafReader(site, thread);
  await eventually(() => expect(metric(site, 'taproot_refused_total{limit="outgoing-total"}')).toBe(1), {
    timeoutMs: 30_000,
  });
  await eventually(() => expect(site.chat.load.sockets).toBe(1), { timeoutMs: 15_000 });
  expect(metric(site, 'taproot_outgoing_bytes')).toBeLessThan(400_000);
});
