import { setImmediate as turn } from 'node:timers/promises';
import { type ChatClient, createChatClient, type MessagesPage } from '@taproot/chat/client';
import type { EventFrame, LogEvent } from '@taproot/chat/protocol';
import type { Agent } from '@taproot/chat/server';
import { eventually, startRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { HeldAgent } from './support/held-agent.ts';
import { type Site, startSite } from './support/site.ts';
import { connected, type Wire } from './support/wire.ts';

/** Steps and text in many entries, so that there is always a run in progress. */
const TALKER: Agent = {
  name: 'talker',
  async *run({ message, step }) {
    for (const part of [1, 2, 3]) {
      await step('look', { part }, async () => part);
      yield { type: 'text-start', id: `t${part}` };
      for (let n = 0; n < 5; n++) {
        await turn();
        yield { type: 'text-delta', id: `t${part}`, delta: `${message.text} ${n} ` };
      }
      yield { type: 'text-end', id: `t${part}` };
    }
  },
};

interface Opened {
  readonly site: Site;
  readonly client: ChatClient;
  readonly thread: string;
  readonly token: string;
}

async function open(agent: Agent): Promise<Opened> {
  const site = await startSite({ redisUrl: (await startRedis()).url, agent });
  const token = await site.signIn();
  const client = createChatClient({ url: site.url, token });
  onTestFinished(() => client.close());
  const { id } = await client.createThread();
  return { site, client, thread: id, token };
}

async function untilIdle({ client, thread }: Opened): Promise<number> {
  return eventually(
    async () => {
      const { status, seq } = await client.getThread(thread);
      expect(status).toBe('idle');
      return seq;
    },
    { timeoutMs: 20_000 },
  );
}

/** What a page that opens the thread has: the newest messages, and a socket attached where they end. */
interface Visit {
  readonly page: MessagesPage;
  readonly wire: Wire;
}

async function visit({ site, client, thread, token }: Opened): Promise<Visit> {
  const page = await client.getMessages(thread, { limit: 200 });
  const wire = await connected(site.url, { token });
  const { seq, chain } = page;
  expect(await wire.ask({ type: 'attach', thread, after: { seq, chain } })).toMatchObject({
    mode: 'resumed',
    seq,
  });
  return { page, wire };
}

function singleEvents(events: readonly EventFrame[]): (LogEvent & { run: string | undefined })[] {
  return events.flatMap(({ run, data }) => ('type' in data ? [{ ...data, run }] : []));
}

/** History and live events are together the whole conversation, and nothing is in both. */
function expectWhole({ page, wire }: Visit, end: MessagesPage, head: number): void {
  const events = wire.of('event');
  expect(events.map(({ seq }) => seq)).toEqual(
    Array.from({ length: head - page.seq }, (_, i) => page.seq + 1 + i),
  );
  const live = singleEvents(events);
  const ids = (messages: MessagesPage['messages'], role: string): string[] =>
    messages.filter((message) => message.role === role).map(({ id }) => id);
  const askedLive = live.flatMap((event) => (event.type === 'user-message' ? [event.id] : []));
  expect([...ids(page.messages, 'user'), ...askedLive]).toEqual(ids(end.messages, 'user'));
  const runsOf = (type: string): (string | undefined)[] =>
    live.filter((event) => event.type === type).map(({ run }) => run);
  expect([...ids(page.messages, 'assistant'), ...runsOf('agent_started')]).toEqual(
    ids(end.messages, 'assistant'),
  );
  expect(runsOf('run-ended')).toEqual(runsOf('agent_started'));
  // What was folded already is what it will always be.
  for (const message of page.messages) expect(end.messages).toContainEqual(message);
  const waiting = page.messages.filter(
    ({ role }, i) => role === 'user' && page.messages[i + 1]?.role !== 'assistant',
  );
  expect((page.waiting ?? []).map(({ id }) => id)).toEqual(waiting.map(({ id }) => id));
  expect(runsOf('agent_started').slice(0, waiting.length)).toEqual(
    (page.waiting ?? []).map(({ run }) => run),
  );
}

test('history and the events after its attach point are the whole conversation at any moment, without an overlap', async () => {
  const opened = await open(TALKER);
  const { client, thread } = opened;
  const asked = Array.from({ length: 12 }, (_, n) => client.send(thread, `question ${n}`, { id: `m-${n}` }));
  const visits: Visit[] = [];
  for (const { accepted } of asked) {
    await accepted;
    visits.push(await visit(opened), await visit(opened));
  }
  const head = await untilIdle(opened);
  const end = await client.getMessages(thread, { limit: 200 });
  for (const { wire } of visits)
    await eventually(() => expect(wire.of('event').at(-1)?.seq ?? head).toBe(head));
  for (const one of visits) expectWhole(one, end, head);
  // The moments that matter were among them: in the middle of a run, and with messages that wait.
  expect(visits.filter(({ page }) => page.waiting !== undefined)).not.toEqual([]);
  expect(new Set(visits.map(({ page }) => page.seq)).size).toBeGreaterThan(3);
  expect(end.messages.map(({ role }) => role)).toEqual(asked.flatMap(() => ['user', 'assistant']));
});

test('while a run is in progress the attach point lies before it, and its question is in the history', async () => {
  const held = new HeldAgent();
  const opened = await open(held.agent);
  const { client, thread } = opened;
  const { run, seq } = await client.send(thread, 'first', { id: 'm-1' }).accepted;
  await eventually(() => expect(held.begun).toEqual(['first']));
  await client.send(thread, 'second', { id: 'm-2' }).accepted;
  const during = await visit(opened);
  expect(during.page).toMatchObject({
    seq,
    messages: [{ id: 'm-1', role: 'user' }],
    waiting: [{ id: 'm-1', run }],
  });
  held.release();
  const head = await untilIdle(opened);
  const end = await client.getMessages(thread);
  await eventually(() => expect(during.wire.of('event').at(-1)?.seq).toBe(head));
  expectWhole(during, end, head);
  expect(end).toMatchObject({ seq: head, chain: during.wire.of('event').at(-1)?.chain });
  expect(end.waiting).toBeUndefined();
});

test('an empty thread is attached from its beginning', async () => {
  const opened = await open(TALKER);
  const { seq, chain } = await opened.client.getThread(opened.thread);
  expect(await opened.client.getMessages(opened.thread)).toEqual({ messages: [], seq, chain });
});

test('pages of any size, one before the other, are the whole history', async () => {
  const opened = await open(TALKER);
  const { client, thread } = opened;
  await Promise.all([0, 1, 2].map((n) => client.send(thread, `question ${n}`, { id: `m-${n}` }).accepted));
  await untilIdle(opened);
  const { messages: whole } = await client.getMessages(thread);
  expect(whole).toHaveLength(6);
  for (const limit of [1, 2, 4, 6, 200]) {
    let messages: MessagesPage['messages'] = [];
    for (let page = await client.getMessages(thread, { limit }); ; ) {
      messages = [...page.messages, ...messages];
      const [oldest] = page.messages;
      if (page.messages.length < limit || oldest === undefined) break;
      page = await client.getMessages(thread, { limit, before: oldest.id });
    }
    expect(messages).toEqual(whole);
  }
  await expect(client.getMessages(thread, { before: 'nobody' })).rejects.toMatchObject({
    problem: 'bad-request',
  });
});

test("a run's answer is one message with its tool calls and texts in order", async () => {
  const opened = await open(TALKER);
  await opened.client.send(opened.thread, 'x', { id: 'm-1' }).accepted;
  await untilIdle(opened);
  const { messages } = await opened.client.getMessages(opened.thread);
  const parts = messages[1]?.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [part.type]));
  expect(parts?.filter((part) => part !== 'step-start' && part !== 'data-lifecycle')).toEqual(
    [1, 2, 3].flatMap(() => ['dynamic-tool', 'x 0 x 1 x 2 x 3 x 4 ']),
  );
  expect(messages[1]?.metadata).toMatchObject({ outcome: 'done' });
});
