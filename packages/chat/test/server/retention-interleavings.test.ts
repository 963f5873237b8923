import type { Agent } from '@taproot/chat/server';
import type { LogEntry, RedisManager } from '@taproot/redis';
import { eventually } from '@taproot/testkit';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { HistoryReads } from '../../src/server/threads/history-reads.ts';
import { threadKeys } from '../../src/server/threads/keys.ts';
import { Retention } from '../../src/server/threads/retention.ts';
import { type Logged, type Member, startDeployment, USER } from './support/deployment.ts';
import { LogModel } from './support/log-model.ts';
import { historyOf } from './support/thread-reader.ts';

/** Texts and a step, of a length that hangs on the question. */
const AGENT: Agent = {
  name: 'talker',
  async *run({ message, step }) {
    const parts = Number(message.text) % 5;
    for (let n = 0; n < parts; n++) {
      yield { type: 'text-delta', id: 't', delta: `${n} of ${message.text}. ` };
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await step('look', {}, async () => parts);
    yield { type: 'text-delta', id: 'u', delta: `${message.text} is all` };
  },
};

function answerTo(text: string): string {
  const parts = Array.from({ length: Number(text) % 5 }, (_, n) => `${n} of ${text}. `);
  return `${parts.join('')}${text} is all`;
}

const index = fc.nat(40);
const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('send' as const), text: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('regenerate' as const), of: index }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('edit' as const), of: index, text: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('stop' as const), of: index }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('trim' as const), keep: fc.nat(12) }) },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('read' as const), limit: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('calm' as const) }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** All entries of a thread, as they were published: the log itself loses them. */
class Record {
  readonly logged: Logged[] = [];
  seq = 0;

  static async of(manager: RedisManager, thread: string): Promise<Record> {
    const record = new Record();
    const { promise, resolve } = Promise.withResolvers<void>();
    const listener = { message: (text: string) => record.hear(text), active: resolve };
    const leave = manager.subscribe(threadKeys(thread).log.channel, listener, { sharded: true });
    onTestFinished(() => leave());
    await promise;
    return record;
  }

  hear(published: string): void {
    const [, seq, body = ''] = /^(\d+) \S+ \S+ (.*)$/s.exec(published) ?? [];
    this.take({ seq: Number(seq), body });
  }

  take({ seq, body }: Pick<LogEntry, 'seq' | 'body'>): void {
    expect(seq).toBe(this.seq + 1);
    this.seq = seq;
    const { run, data } = JSON.parse(body) as { run: string; data: Logged['event'] | Logged['event'][] };
    for (const event of [data].flat()) this.logged.push({ seq, run, event });
  }

  modelAt(seq: number): LogModel {
    const model = new LogModel();
    for (const one of this.logged) if (one.seq <= seq) model.take(one);
    return model;
  }

  get messages(): string[] {
    return this.logged.flatMap(({ event }) => (event.type === 'user-message' ? [event.id] : []));
  }

  textOf(message: string): string {
    const asked = this.logged.find(
      ({ event }) => event.type === 'user-message' && event.id === message,
    )?.event;
    return asked?.type === 'user-message' ? (asked.parts[0]?.text ?? '') : '';
  }
}

interface Read {
  readonly limit: number;
  readonly seq: number;
  readonly ids: readonly string[];
  readonly texts: ReadonlyMap<string, string>;
}

class Story {
  readonly reads: Read[] = [];
  readonly #member: Member;
  readonly #thread: string;
  readonly #record: Record;
  #n = 0;

  constructor(member: Member, thread: string, record: Record) {
    this.#member = member;
    this.#thread = thread;
    this.#record = record;
  }

  async act(command: Command): Promise<void> {
    const { threads } = this.#member.chat;
    const thread = this.#thread;
    const id = `c-${this.#n++}`;
    const { messages, logged } = this.#record;
    const of = 'of' in command ? (messages[command.of % Math.max(messages.length, 1)] ?? 'none') : '';
    const text = 'text' in command ? ([{ type: 'text', text: String(command.text) }] as const) : [];
    switch (command.type) {
      case 'send':
        return refusable(threads.send(USER, thread, id, text));
      case 'regenerate':
        return refusable(threads.regenerate(USER, thread, id, of));
      case 'edit':
        return refusable(threads.edit(USER, thread, id, of, text));
      case 'stop':
        return refusable(threads.stop(USER, thread, { run: logged[command.of]?.run ?? 'none' }));
      case 'trim':
        await new Retention(this.#member.manager, { keepEntries: command.keep }).trim(thread);
        return;
      case 'read':
        return this.#read(command.limit);
      case 'calm':
        await this.calm();
    }
  }

  async calm(): Promise<void> {
    await eventually(
      async () => {
        const { status, seq } = await this.#member.chat.threads.get(USER, this.#thread);
        expect([status, this.#record.seq]).toEqual(['idle', seq]);
      },
      { timeoutMs: 20_000 },
    );
  }

  /** The newest page, and so many older ones as fit: each of them is held against the log as it was at its position. */
  async #read(limit: number): Promise<void> {
    const reads = new HistoryReads(this.#member.manager);
    const page = await reads.of(this.#thread, { limit });
    if (page === undefined) return expect.fail('no page');
    const texts = page.messages.map(({ id, parts }) => {
      return [id, parts.map((part) => (part.type === 'text' ? part.text : '')).join('')] as const;
    });
    this.reads.push({ limit, seq: page.seq, ids: page.messages.map(({ id }) => id), texts: new Map(texts) });
  }
}

const REFUSALS = ['queue-full', 'unknown-target', 'superseded', 'run-open'];

async function refusable(promise: Promise<unknown>): Promise<void> {
  try {
    await promise;
  } catch (error) {
    if (!REFUSALS.includes((error as { code: string }).code)) throw error;
  }
}

/** What a page at a position has to be: the newest messages that stood there. */
function expectTrue({ limit, seq, ids, texts }: Read, record: Record): void {
  const { turns, outcomes } = record.modelAt(seq);
  const all = turns.flatMap(({ message, run }) => (outcomes.has(run) ? [message, run] : [message]));
  expect([seq, ids]).toEqual([seq, all.slice(-limit)]);
  for (const { message, run } of turns) {
    if (texts.has(message)) expect(texts.get(message)).toBe(record.textOf(message));
    const answer = texts.get(run);
    if (answer === undefined) continue;
    const whole = answerTo(record.textOf(message));
    if (outcomes.get(run) === 'done') expect(answer).toBe(whole);
    else expect(whole.startsWith(answer)).toBe(true);
  }
}

test('through any interleaving of runs, edits, trims and reads, each page tells what stood at its position: no hole, nothing twice', async () => {
  const deployment = await startDeployment();
  // The worker trims as well, after each run.
  const member = await deployment.server(AGENT, { retention: { keepEntries: 6 } });
  const gateway = await deployment.server(AGENT, { role: 'gateway' });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(command, { minLength: 1, maxLength: 6 }), { minLength: 4, maxLength: 12 }),
      async (bursts) => {
        const { id } = await gateway.chat.threads.create(USER);
        const record = await Record.of(gateway.manager, id);
        const story = new Story(gateway, id, record);
        for (const burst of bursts) await Promise.all(burst.map((one) => story.act(one)));
        await story.calm();
        for (const read of story.reads) expectTrue(read, record);
        const { turns } = record.modelAt(record.seq);
        const expected = turns.flatMap(({ message, run }) => [message, run]);
        for (const limit of [1, 4, 200])
          expect((await historyOf(gateway, id, limit)).map((message) => message.id)).toEqual(expected);
        expect([...member.errors, ...gateway.errors]).toEqual([]);
      },
    ),
    { numRuns: 25, seed: 20_260_201, endOnFailure: true },
  );
}, 240_000);
