import type { IncomingMessage } from 'node:http';
import { type ChatLimits, DEFAULT_LIMITS } from '@taproot/chat/server';
import { prometheusText } from '@taproot/redis';
import { eventually, startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { ADA, BOB, type Site, startSite } from './support/site.ts';
import { connected, Wire } from './support/wire.ts';

/** Where a request says that it comes from: the whole test runs on one machine. */
function addressOf({ headers }: IncomingMessage): string | undefined {
  return String(headers['x-from'] ?? '127.0.0.1');
}

async function startLimited(limits: Partial<ChatLimits>, count = 1): Promise<[Site, ...Site[]]> {
  const redis = await startRedis();
  const start = (): Promise<Site> => startSite({ redisUrl: redis.url, chat: { limits, addressOf } });
  return [await start(), ...(await Promise.all(Array.from({ length: count - 1 }, start)))];
}

function metric({ chat }: Site, line: string): number {
  const text = prometheusText(chat.metrics());
  const found = text.split('\n').find((each) => each.startsWith(`${line} `));
  return Number(found?.split(' ').at(-1) ?? Number.NaN);
}

const from = (address: string) => ({ headers: { 'x-from': address } });

test('ready tells all limits, and so do the metrics', async () => {
  const [site] = await startLimited({ maxAttached: 3 });
  const wire = await connected(site.url, { token: await site.signIn() });
  const limits = { ...DEFAULT_LIMITS, maxAttached: 3 };
  expect(wire.of('ready')[0]?.limits).toEqual(limits);
  for (const [name, value] of Object.entries(limits))
    expect(metric(site, `taproot_limit{limit="${name}"}`)).toBe(value);
});

test('a user has so many sockets, others have theirs, and a socket that ends makes room', async () => {
  const [site] = await startLimited({ maxSocketsPerUser: 2 });
  const { url } = site;
  const [ada, bob] = [await site.signIn(ADA), await site.signIn(BOB)];
  const first = await connected(url, { token: ada });
  await connected(url, { token: ada });
  const refused = new Wire(url, { token: ada });
  expect(await refused.closeCode()).toBe(4429);
  expect(refused.frames).toEqual([]);
  await connected(url, { token: bob });
  expect(metric(site, 'taproot_refused_total{limit="sockets-user"}')).toBe(1);
  expect(metric(site, 'taproot_sockets_closed_total{code="4429"}')).toBe(1);
  first.socket.terminate();
  await eventually(() => expect(site.chat.load.sockets).toBe(2));
  await connected(url, { token: ada });
});

test('an address has so many sockets, whoever its users are; this machine itself has no such limit', async () => {
  const [site] = await startLimited({ maxSocketsPerUser: 1, addressFactor: 2 });
  const tokens = await Promise.all(['a', 'b', 'c'].map((id) => site.signIn({ ...ADA, id })));
  const [first = '', second = '', third = ''] = tokens;
  const one = await connected(site.url, { token: first, ...from('203.0.113.9') });
  await connected(site.url, { token: second, ...from('::ffff:203.0.113.9') });
  expect(await new Wire(site.url, { token: third, ...from('203.0.113.9') }).closeCode()).toBe(4429);
  // Strangers count as well, as long as they are connected.
  await connected(site.url, { token: third, ...from('203.0.113.10') });
  one.socket.terminate();
  await eventually(() => expect(site.chat.load.sockets).toBe(2));
  await connected(site.url, { token: first, ...from('203.0.113.9') });
  const here = await Promise.all(['d', 'e', 'f'].map((id) => site.signIn({ ...ADA, id })));
  await Promise.all(here.map((token) => connected(site.url, { token })));
});

test('a gateway that is full says try again later, with 1013', async () => {
  const [site] = await startLimited({ maxSockets: 1 });
  await connected(site.url, { token: await site.signIn(ADA) });
  expect(await new Wire(site.url, { token: await site.signIn(BOB) }).closeCode()).toBe(1013);
});

test('a refused socket does not count, however many come', async () => {
  const [site] = await startLimited({ maxSocketsPerUser: 1, addressFactor: 3, requestsPerSecond: 1000 });
  const wires = Array.from({ length: 20 }, () => new Wire(site.url, from('203.0.113.9')));
  const codes = await Promise.all(wires.map((wire) => wire.closeCode()));
  expect(new Set(codes)).toEqual(new Set([4401, 4429]));
  await connected(site.url, { token: await site.signIn(), ...from('203.0.113.9') });
});

test('an address may try so often, and then its upgrades cost Redis nothing', async () => {
  const [site] = await startLimited({ requestsPerSecond: 1, addressFactor: 1 });
  const tries = (count: number, address: string): Promise<number[]> => {
    const wires = Array.from({ length: count }, () => new Wire(site.url, from(address)));
    return Promise.all(wires.map((wire) => wire.closeCode()));
  };
  const codes = await tries(40, '2001:db8::1');
  expect(codes.filter((code) => code === 4401).length).toBeGreaterThanOrEqual(10);
  expect(codes.filter((code) => code === 4429).length).toBeGreaterThan(10);
  // Another address of the same network is the same, one of another network is not.
  expect(await tries(8, '2001:db8::2')).toContain(4429);
  expect(new Set(await tries(8, '2001:db8:1::2'))).toEqual(new Set([4401]));
});

test.each([
  ['frames', { framesPerSecond: 1, bytesPerSecond: 1_000_000 }, 'x', 30],
  ['bytes', { framesPerSecond: 1000, bytesPerSecond: 1000 }, 'x'.repeat(4000), 30],
] as const)(
  'too many %s end the socket with 4429, and the error before it says when to come back',
  async (limit, limits, pad, count) => {
    const [site] = await startLimited(limits);
    const wire = await connected(site.url, { token: await site.signIn() });
    for (let n = 0; n < count; n++) wire.send({ type: 'ping', n, pad });
    expect(await wire.closeCode()).toBe(4429);
    const told = wire.frames.at(-1);
    expect(told).toMatchObject({ type: 'error', code: 'too-many-requests', applied: 'no' });
    expect(told).toMatchObject({ retryAfterMs: expect.toSatisfy((ms) => ms >= 1) });
    expect(wire.of('pong').length).toBeLessThan(count);
    expect(metric(site, `taproot_refused_total{limit="${limit}"}`)).toBeGreaterThan(0);
  },
);

test('a user’s frames are counted over all sockets of a gateway, also those that ended', async () => {
  const [site] = await startLimited({ framesPerSecond: 1 });
  const token = await site.signIn();
  const first = await connected(site.url, { token });
  for (let n = 0; n < 10; n++) await first.ask({ type: 'ping', n });
  first.socket.terminate();
  const second = await connected(site.url, { token });
  for (let n = 0; n < 9; n++) second.send({ type: 'ping', n });
  expect(await second.closeCode()).toBe(4429);
  const other = await connected(site.url, { token: await site.signIn(BOB) });
  expect(await other.ask({ type: 'ping', n: 1 })).toEqual({ type: 'pong', n: 1 });
});

test('WebSocket pings count as frames', async () => {
  const [site] = await startLimited({ framesPerSecond: 1 });
  const wire = await connected(site.url, { token: await site.signIn() });
  for (let n = 0; n < 30; n++) wire.socket.ping();
  expect(await wire.closeCode()).toBe(4429);
});

test('a user’s messages are counted on all gateways together, and the refused one is not stored', async () => {
  const [one, two] = await startLimited({ sendsPerMinute: 4 }, 2);
  const thread = await one.chat.threads.create(ADA);
  const token = await one.signIn();
  const wires = [await connected(one.url, { token }), await connected((two as Site).url, { token })];
  const answers: string[] = [];
  for (let n = 0; n < 6; n++) {
    const wire = wires[n % 2] as Wire;
    const answer = await wire.ask({ type: 'send', thread: thread.id, id: `m-${n}`, text: 'hello' });
    answers.push(answer.type);
    if (answer.type === 'error')
      expect(answer).toMatchObject({
        code: 'too-many-requests',
        ref: `m-${n}`,
        applied: 'no',
        retryAfterMs: expect.any(Number),
      });
  }
  expect(answers).toEqual(['accepted', 'accepted', 'accepted', 'accepted', 'error', 'error']);
  // What ends a run is never refused, and others may go on.
  expect((await (wires[0] as Wire).ask({ type: 'stop', thread: thread.id, id: 'm-0' })).type).toBe('stopped');
  const bobs = await one.chat.threads.create(BOB);
  const bob = await connected(one.url, { token: await one.signIn(BOB) });
  expect((await bob.ask({ type: 'send', thread: bobs.id, id: 'm', text: 'hi' })).type).toBe('accepted');
});

test('a user has so many threads, and one that is deleted makes room', async () => {
  const [site] = await startLimited({ maxThreads: 2 });
  const headers = { authorization: `Bearer ${await site.signIn()}`, 'content-type': 'application/json' };
  const make = (): Promise<Response> => fetch(`${site.url}/threads`, { method: 'POST', headers, body: '{}' });
  const first = (await (await make()).json()) as { id: string };
  expect((await make()).status).toBe(201);
  const refused = await make();
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
    409,
    'too-many-threads',
  ]);
  await site.chat.threads.delete(ADA, first.id);
  expect((await make()).status).toBe(201);
});

test.each([{ maxSockets: 0 }, { maxSockets: 1.5 }, { maxSockets: Number.NaN }, { maxSocket: 1 }])(
  'the limits %j are refused',
  async (limits) => {
    const redis = await startRedis();
    await expect(startSite({ redisUrl: redis.url, chat: { limits } })).rejects.toMatchObject({
      code: 'invalid-options',
    });
  },
);
