import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADA, BOB, type Site, startSite } from './support/site.ts';
import { connected, type Wire } from './support/wire.ts';

// One Redis for the file; each test has its own server, user's thread and sockets.
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

async function start(): Promise<{ site: Site; token: string; thread: string; wire: Wire }> {
  const site = await startSite({ redisUrl: redis.url });
  const token = await site.signIn();
  const { id: thread } = await site.chat.threads.create(ADA);
  return { site, token, thread, wire: await connected(site.url, { token }) };
}

const CHAIN = 'a'.repeat(20);
const KIB = 1024;

test.each([
  ['nothing', ''],
  ['a broken object', '{"type":"ping"'],
  ['single quotes', "{'type':'ping','n':1}"],
  ['an array of frames', '[{"type":"ping","n":1}]'],
  ['null', 'null'],
  ['a number', '17'],
  ['a string', '"ping"'],
  ['two objects', '{"type":"ping","n":1}{"type":"ping","n":2}'],
  ['a byte order mark', '\ufeff{"type":"ping","n":1}'],
  ['200,000 brackets', '['.repeat(200_000)],
  ['a binary message', Buffer.from('{"type":"ping","n":1}')],
])('%s closes the socket with 1008', async (_, message) => {
  const { wire, site } = await start();
  wire.socket.send(message);
  expect(await wire.closeCode()).toBe(1008);
  expect(wire.of('pong')).toEqual([]);
  expect(site.errors).toEqual([]);
});

test('a message over 256 KiB closes the socket with 1009, one of that size does not', async () => {
  const { wire, site, token } = await start();
  const padded = (bytes: number): string => `{"type":"ping","n":1,"pad":"${' '.repeat(bytes - 30)}"}`;
  expect(Buffer.byteLength(padded(256 * KIB))).toBe(256 * KIB);
  expect(await wire.ask(padded(256 * KIB))).toEqual({ type: 'pong', n: 1 });
  wire.send(padded(256 * KIB + 1));
  expect(await wire.closeCode()).toBe(1009);
  const again = await connected(site.url, { token });
  again.send('x'.repeat(2 * KIB * KIB));
  expect(await again.closeCode()).toBe(1009);
  expect(await (await connected(site.url, { token })).ask({ type: 'ping', n: 2 })).toEqual({
    type: 'pong',
    n: 2,
  });
});

test.each([
  undefined,
  null,
  5,
  {},
  '',
  'Attach',
  'ready',
  'toString',
  'constructor',
  '__proto__',
  'hasOwnProperty',
])('the type %j is unknown, and the socket stays open', async (type) => {
  const { wire } = await start();
  expect(await wire.ask({ type, thread: 'th', id: 'm-1' })).toMatchObject({
    ...{ type: 'error', code: 'unknown-type' },
    applied: 'no',
    ref: 'm-1',
  });
  expect(await wire.ask({ type, thread: 'th' })).toMatchObject({ ref: 'th' });
  expect(await wire.ask({ type })).not.toHaveProperty('ref');
  expect(await wire.ask({ type: 'ping', n: 1 })).toEqual({ type: 'pong', n: 1 });
});

test('what is at its limit is taken, and unknown fields are ignored', async () => {
  const { wire, thread, site } = await start();
  const text = 'ä'.repeat(32 * KIB);
  const id = `${'aZ09_:.-'.repeat(16)}`;
  expect(await wire.ask({ type: 'send', thread, id, text, extra: { deep: [1] } })).toMatchObject({
    type: 'accepted',
    id,
    seq: 1,
  });
  const parts = Array.from({ length: 64 }, (_, n) => ({ type: 'text', text: `part ${n}`, color: 'red' }));
  expect(await wire.ask({ type: 'send', thread, id: 'm-2', parts })).toMatchObject({ type: 'accepted' });
  const marks = Array.from({ length: 64 }, (_, n) => ({ seq: 64 - n, chain: CHAIN }));
  const after = { seq: 100, chain: CHAIN, marks };
  expect(await wire.ask({ type: 'attach', thread, after })).toMatchObject({
    type: 'attached',
    mode: 'reset',
  });
  await eventually(async () =>
    expect(await site.chat.threads.get(ADA, thread)).toMatchObject({ status: 'idle' }),
  );
  const stored: unknown[] = [];
  for await (const { body } of site.chat.threads.entries(thread)) stored.push(JSON.parse(body).data);
  expect(stored[0]).toEqual({ type: 'user-message', id, parts: [{ type: 'text', text }] });
  expect(stored).toContainEqual({
    type: 'user-message',
    id: 'm-2',
    parts: parts.map(({ type, text: part }) => ({ type, text: part })),
  });
});

test.each([
  ['65 KiB', { text: 'x'.repeat(65 * KIB) }],
  ['one byte more than 64 KiB', { text: 'x'.repeat(64 * KIB + 1) }],
  ['one byte more in characters of two', { text: `x${'ä'.repeat(32 * KIB)}` }],
  [
    'parts that together have more',
    { parts: [1, 2].map(() => ({ type: 'text', text: 'x'.repeat(32 * KIB + 1) })) },
  ],
])('a text of %s is too large, and nothing is stored', async (_, content) => {
  const { wire, thread, site } = await start();
  expect(await wire.ask({ type: 'send', thread, id: 'm-1', ...content })).toMatchObject({
    ...{ type: 'error', code: 'too-large', ref: 'm-1', applied: 'no' },
  });
  expect(await site.chat.threads.get(ADA, thread)).toMatchObject({ seq: 0 });
});

test('frames about runs and messages that the thread does not have are refused and change nothing', async () => {
  const { wire, thread, site } = await start();
  for (const [frame, ref] of [
    [{ type: 'stop', thread, run: 'r1' }, 'r1'],
    [{ type: 'stop', thread, id: 'm-1' }, 'm-1'],
    [{ type: 'regenerate', thread, id: 'm-2', of: 'm-1' }, 'm-2'],
    [{ type: 'edit', thread, id: 'm-3', of: 'm-1', text: 'x' }, 'm-3'],
    [{ type: 'answer', thread, run: 'r1', callId: 'c1', approve: true }, 'c1'],
  ] as const) {
    expect(await wire.ask(frame)).toMatchObject({
      type: 'error',
      code: 'unknown-target',
      ref,
      applied: 'no',
    });
  }
  for (const type of ['stop', 'regenerate', 'edit', 'answer']) {
    expect(await wire.ask({ type, id: 'm-1' })).toMatchObject({ code: 'bad-frame', ref: 'm-1' });
  }
  expect(await wire.ask({ type: 'stop', thread, run: 'r1', id: 'm-1' })).toMatchObject({ code: 'bad-frame' });
  expect(await wire.ask({ type: 'edit', thread, id: 'm-3', of: 'm-1', text: ' ' })).toMatchObject({
    code: 'bad-frame',
  });
  expect(await site.chat.threads.get(ADA, thread)).toMatchObject({ seq: 0, status: 'idle' });
});

test("somebody else's thread and a missing one are answered alike on every frame", async () => {
  const { wire, site } = await start();
  const foreign = (await site.chat.threads.create(BOB)).id;
  const missing = 't'.repeat(foreign.length);
  for (const frame of [
    { type: 'attach' },
    { type: 'attach', after: { seq: 0 } },
    { type: 'attach', after: { seq: 3, chain: CHAIN } },
    { type: 'send', id: 'm-1', text: 'x' },
    { type: 'stop', run: 'r1' },
    { type: 'stop', id: 'm-1' },
    { type: 'regenerate', id: 'm-2', of: 'm-1' },
    { type: 'edit', id: 'm-3', of: 'm-1', text: 'x' },
    { type: 'answer', run: 'r1', callId: 'c1', approve: true },
  ]) {
    const [of, other] = [
      await wire.ask({ ...frame, thread: foreign }),
      await wire.ask({ ...frame, thread: missing }),
    ];
    expect(of).toMatchObject({ type: 'error', code: 'not-found', applied: 'no' });
    expect(JSON.stringify(of).replaceAll(foreign, missing)).toBe(JSON.stringify(other));
  }
  await site.chat.threads.send(BOB, foreign, 'm-1', [{ type: 'text', text: 'private' }]);
  await eventually(async () =>
    expect(await site.chat.threads.get(BOB, foreign)).toMatchObject({ status: 'idle' }),
  );
  await wire.ask({ type: 'ping', n: 1 });
  expect(JSON.stringify(wire.frames)).not.toContain('private');
});

test('a socket may attach 64 threads; one more is refused until another is detached', async () => {
  const { wire, site, thread } = await start();
  const threads = await Promise.all(
    Array.from({ length: 65 }, async () => (await site.chat.threads.create(ADA)).id),
  );
  for (const id of threads.slice(0, 64))
    expect(await wire.ask({ type: 'attach', thread: id })).toMatchObject({ type: 'attached' });
  expect(await wire.ask({ type: 'attach', thread })).toMatchObject({
    type: 'error',
    code: 'too-many-attached',
    ref: thread,
  });
  // One that is attached already takes no other place.
  expect(await wire.ask({ type: 'attach', thread: threads[0] })).toMatchObject({ type: 'attached' });
  wire.send({ type: 'detach', thread: threads[1] });
  expect(await wire.ask({ type: 'attach', thread })).toMatchObject({ type: 'attached' });
});
