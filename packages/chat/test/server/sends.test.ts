import { type ChatClient, createChatClient } from '@taproot/chat/client';
import type { LogEvent } from '@taproot/chat/protocol';
import { eventually, faultProxy, startRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { HeldAgent } from './support/held-agent.ts';
import { ADA, type Site, startSite } from './support/site.ts';
import { connected } from './support/wire.ts';

async function startAll(agent?: HeldAgent) {
  const redis = await startRedis();
  const site = await startSite({ redisUrl: redis.url, ...(agent && { agent: agent.agent }) });
  const { id: thread } = await site.chat.threads.create(ADA);
  const token = await site.signIn();
  return { redis, site, thread, token, wire: await connected(site.url, { token }) };
}

/** The events of a thread in Redis, chunks left out. */
async function eventsOf({ chat }: Site, thread: string): Promise<(LogEvent & { run: string })[]> {
  const events: (LogEvent & { run: string })[] = [];
  for await (const { body } of chat.threads.entries(thread)) {
    const { run, data } = JSON.parse(body) as { run: string; data: LogEvent };
    if (!Array.isArray(data)) events.push({ ...data, run });
  }
  return events;
}

/** Ids of the stored messages, in their order. */
async function storedIds(site: Site, thread: string): Promise<string[]> {
  const events = await eventsOf(site, thread);
  return events.flatMap((event) => (event.type === 'user-message' ? [event.id] : []));
}

async function untilIdle(site: Site, thread: string): Promise<void> {
  await eventually(
    async () => expect(await site.chat.threads.get(ADA, thread)).toMatchObject({ status: 'idle' }),
    {
      timeoutMs: 20_000,
    },
  );
}

function clientAt(url: string, token: string): ChatClient {
  const client = createChatClient({ url, token, backoff: { minMs: 10, maxMs: 100 } });
  onTestFinished(() => client.close());
  return client;
}

test('a message sent twice is stored once, and both get the same answer', async () => {
  const { site, thread, wire } = await startAll();
  const frame = { type: 'send', thread, id: 'm-1', text: 'once' };
  const first = await wire.ask(frame);
  expect(first).toMatchObject({ type: 'accepted', thread, id: 'm-1', seq: 1, run: expect.any(String) });
  expect(await wire.ask(frame)).toEqual(first);
  await untilIdle(site, thread);
  // Also when its answer is long there, and when the same content came as a part.
  expect(await wire.ask({ ...frame, text: undefined, parts: [{ type: 'text', text: 'once' }] })).toEqual(
    first,
  );
  expect(await storedIds(site, thread)).toEqual(['m-1']);
});

test('a message sent on many sockets at the same moment is stored once', async () => {
  const { site, thread, token, wire } = await startAll();
  const others = await Promise.all([1, 2, 3].map(() => connected(site.url, { token })));
  const frame = { type: 'send', thread, id: 'm-1', text: 'once' };
  const answers = await Promise.all([wire, ...others].map((socket) => socket.ask(frame)));
  expect(answers[0]).toMatchObject({ type: 'accepted', seq: 1 });
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  await untilIdle(site, thread);
  expect(await storedIds(site, thread)).toEqual(['m-1']);
});

test('a message whose answer was lost with the socket is stored once when the client sends it again', async () => {
  const { site, thread, token } = await startAll();
  const proxy = await faultProxy({ target: site.url });
  const client = clientAt(proxy.url, token);
  await eventually(() => expect(client.connection.socket).toBe('open'));
  proxy.latency(500);
  const sent = client.send(thread, 'once', { id: 'm-1' });
  await eventually(async () => expect(await storedIds(site, thread)).toEqual(['m-1']));
  // The server has answered; the answer is on its way through the proxy, and dies there.
  expect(sent.state).toBe('sending');
  proxy.reset();
  await proxy.restore();
  expect(await sent.accepted).toMatchObject({ seq: 1 });
  await untilIdle(site, thread);
  expect(await storedIds(site, thread)).toEqual(['m-1']);
});

test.each([
  ['another text', { text: 'another' }],
  [
    'the same text and more parts',
    {
      parts: [
        { type: 'text', text: 'once' },
        { type: 'text', text: '' },
      ],
    },
  ],
  ['the same text with a space', { text: 'once ' }],
])('an id that comes again with %s is refused as id-reused', async (_, content) => {
  const { site, thread, wire } = await startAll();
  const frame = { type: 'send', thread, id: 'm-1' };
  const first = await wire.ask({ ...frame, text: 'once' });
  expect(await wire.ask({ ...frame, ...content })).toMatchObject({
    ...{ type: 'error', code: 'id-reused', ref: 'm-1', applied: 'no' },
  });
  expect(await wire.ask({ ...frame, text: 'once' })).toEqual(first);
  await untilIdle(site, thread);
  expect(await storedIds(site, thread)).toEqual(['m-1']);
});

test('an id is scoped to its thread', async () => {
  const { site, thread, wire } = await startAll();
  const { id: another } = await site.chat.threads.create(ADA);
  for (const [place, text] of [
    [thread, 'one'],
    [another, 'two'],
  ]) {
    expect(await wire.ask({ type: 'send', thread: place, id: 'm-1', text })).toMatchObject({
      type: 'accepted',
      seq: 1,
    });
  }
});

test('behind the run at work eight messages wait; the next is refused as queue-full and accepted later', async () => {
  const held = new HeldAgent();
  const { site, thread, wire } = await startAll(held);
  const send = (n: number) => wire.ask({ type: 'send', thread, id: `m-${n}`, text: `question ${n}` });
  expect(await send(0)).toMatchObject({ type: 'accepted' });
  await eventually(() => expect(held.begun).toEqual(['question 0']));
  for (let n = 1; n <= 8; n++) expect(await send(n)).toMatchObject({ type: 'accepted' });
  expect(await send(9)).toMatchObject({
    ...{ type: 'error', code: 'queue-full', ref: 'm-9', applied: 'no', retryAfterMs: expect.any(Number) },
  });
  // What was accepted before is answered as before, however full the queue is.
  expect(await send(8)).toMatchObject({ type: 'accepted', id: 'm-8' });
  held.releaseOne();
  await eventually(async () => expect(await send(9)).toMatchObject({ type: 'accepted' }));
  held.release();
  await untilIdle(site, thread);
  expect(await storedIds(site, thread)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `m-${n}`));
});

test('a client gets all its messages through a full queue, in their order', async () => {
  const held = new HeldAgent();
  const { site, thread, token } = await startAll(held);
  const client = clientAt(site.url, token);
  const sent = Array.from({ length: 12 }, (_, n) => client.send(thread, `question ${n}`, { id: `m-${n}` }));
  await eventually(() => expect(client.outbox.at(0)?.error).toMatchObject({ code: 'queue-full' }));
  expect(client.outbox.map(({ id }) => id)).toEqual(['m-9', 'm-10', 'm-11']);
  held.release();
  await Promise.all(sent.map(({ accepted }) => accepted));
  await untilIdle(site, thread);
  expect(await storedIds(site, thread)).toEqual(sent.map(({ id }) => id));
  expect(held.begun).toEqual(sent.map((_, n) => `question ${n}`));
});

test('runs of a thread are executed one after the other in the order of their messages, on any number of workers', async () => {
  const { redis, site, thread, wire } = await startAll();
  await Promise.all([1, 2].map(() => startSite({ redisUrl: redis.url, chat: { role: 'worker' } })));
  for (let n = 0; n < 20; n++) {
    const frame = { type: 'send', thread, id: `m-${n}`, text: `question ${n}` };
    await eventually(async () => expect(await wire.ask(frame)).toMatchObject({ type: 'accepted' }));
  }
  await untilIdle(site, thread);
  const events = await eventsOf(site, thread);
  const asked = events.flatMap(({ type, run }) => (type === 'user-message' ? [run] : []));
  expect(asked).toHaveLength(20);
  const work = events.filter(({ type }) => type === 'agent_started' || type === 'run-ended');
  expect(work.map(({ type, run }) => [type, run])).toEqual(
    asked.flatMap((run) => [
      ['agent_started', run],
      ['run-ended', run],
    ]),
  );
});

test('runs of different threads do not wait for each other', async () => {
  const held = new HeldAgent();
  const { site, thread, wire } = await startAll(held);
  const { id: another } = await site.chat.threads.create(ADA);
  await wire.ask({ type: 'send', thread, id: 'm-1', text: 'slow' });
  await wire.ask({ type: 'send', thread: another, id: 'm-2', text: 'also' });
  await eventually(() => expect(held.begun.toSorted()).toEqual(['also', 'slow']));
  held.release();
});

test('what is refused leaves nothing behind in the index of open runs', async () => {
  const { redis, site, thread, wire } = await startAll();
  await wire.ask({ type: 'send', thread, id: 'm-1', text: 'once' });
  await wire.ask({ type: 'send', thread, id: 'm-1', text: 'other' });
  for (let n = 0; n < 5; n++)
    await wire.ask({ type: 'send', thread: 'nobody', id: `m-${n}`, text: 'hello?' });
  await untilIdle(site, thread);
  await eventually(async () => expect(await redis.cli('KEYS', 'taproot:{pending:*}')).toBe('[]'));
});
