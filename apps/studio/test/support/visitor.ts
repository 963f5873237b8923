import { join } from 'node:path';
import { type ChatClient, createChatClient } from '@taproot/chat/client';
import type { EventFrame, LogEvent } from '@taproot/chat/protocol';
import { eventually, type TestStudio } from '@taproot/testkit';
import { createClient } from 'redis';
import { expect, onTestFinished } from 'vitest';

/** A signed-in person with one thread, and all that their client saw. */
export interface Visitor {
  readonly client: ChatClient;
  readonly thread: string;
  readonly events: readonly EventFrame[];
  /** Redis' condition as told on the socket. */
  readonly conditions: readonly string[];
  /** Close codes seen. */
  readonly closes: readonly number[];
}

/** Signs in at a studio as the demo user and opens a thread: a new one, or one that is there. */
export async function visit(studio: TestStudio, existing?: string): Promise<Visitor> {
  const client = createChatClient({ url: studio.url, token: await signIn(studio) });
  onTestFinished(() => client.close());
  const { id, seq, chain } =
    existing === undefined ? await client.createThread() : { id: existing, seq: 0, chain: '' };
  const events: EventFrame[] = [];
  const conditions: string[] = [];
  const closes: number[] = [];
  client.on('connection', ({ redis, closedBy }) => {
    if (conditions.at(-1) !== redis) conditions.push(redis);
    if (closedBy !== undefined && closes.at(-1) !== closedBy.code) closes.push(closedBy.code);
  });
  const view = client.thread(id);
  view.on('event', (event) => events.push(event));
  view.on('reset', (frame) => events.splice(events.findIndex((event) => event.seq > frame.seq)));
  view.open(existing === undefined ? { seq, chain } : { seq: 0 });
  await eventually(() => expect(view.attached).toBe(true));
  return { client, thread: id, events, conditions, closes };
}

export async function signIn(studio: TestStudio, name?: string): Promise<string> {
  const response = await fetch(`${studio.url}/auth/demo`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(name === undefined ? {} : { name }),
  });
  return ((await response.json()) as { token: string }).token;
}

/** The types of all events, chunks of a batch one by one. */
export function typesOf(events: readonly EventFrame[]): string[] {
  return events.flatMap(({ data }) =>
    Array.isArray(data) ? data.map(({ type }) => type) : [(data as LogEvent).type],
  );
}

export function outcomesOf(events: readonly EventFrame[]): unknown[] {
  return events.flatMap(({ data }) => ('outcome' in data ? [data.outcome] : []));
}

/** Waits until text of the answer arrives, so that what follows hits it in the middle. */
export async function untilAnswering({ events }: Visitor, from = 0): Promise<void> {
  await eventually(() => expect(typesOf(events).slice(from)).toContain('text-delta'));
  expect(typesOf(events).slice(from)).not.toContain('run-ended');
}

/** Every event once, in order, and each the successor of the one before. */
export function expectUnbroken(events: readonly EventFrame[]): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  for (const [index, event] of events.entries()) {
    if (index > 0) expect(event.prev).toBe(events[index - 1]?.chain);
  }
}

/** What Redis holds of the thread is what the client has: read from the embedded server's own socket. */
export async function expectSameAsRedis(studio: TestStudio, { thread, events }: Visitor): Promise<void> {
  const client = createClient({ RESP: 2, socket: { path: join(studio.dataDir, 'redis.sock'), tls: false } });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const entries = (await client.sendCommand(['XRANGE', `taproot:{thread:${thread}}:log`, '-', '+'])) as [
      string,
      string[],
    ][];
    const stored = entries.map(([id, fields]) => [Number.parseInt(id, 10), fields[fields.indexOf('c') + 1]]);
    expect(events.map(({ seq, chain }) => [seq, chain])).toEqual(stored);
  } finally {
    client.destroy();
  }
}
