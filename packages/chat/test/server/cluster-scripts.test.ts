import type { LogEvent } from '@taproot/chat/protocol';
import { type Agent, type ChatServer, type ChatServerOptions, createChatServer } from '@taproot/chat/server';
import { eventually, startCluster, type TestCluster } from '@taproot/testkit';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type DeclaredKeys, declaredKeys } from '../../../redis/test/support/declared-keys.ts';
import { SCRIPTS } from '../../src/server/scripts.ts';
import { RESCHEDULE } from '../../src/server/threads/care-index.ts';
import { threadKeys } from '../../src/server/threads/keys.ts';
import * as retentionScripts from '../../src/server/threads/retention-scripts.ts';
import * as searchScripts from '../../src/server/threads/search/scripts.ts';
import { HeldAgent } from './support/held-agent.ts';
import { ADA, BOB, ECHO } from './support/site.ts';

vi.setConfig({ testTimeout: 240_000 });

// Three masters for the file: on one a key that was not declared would go unnoticed.
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ masters: 3 });
});
afterAll(() => cluster.stop());

/** Names of all scripts of the server, so that one that is added must be run here too. */
const NAMES = SCRIPTS.map(({ name }) => name);

/** Scripts of what users do to runs; they have a test of their own. */
const COMMANDS = ['run.stop', 'run.ask', 'run.suspend', 'run.answer'];
/** Scripts of retention and search; they are run in cluster-retention.test.ts. */
const AFTERWARDS = [...Object.values(retentionScripts), ...Object.values(searchScripts), RESCHEDULE].map(
  ({ name }) => name,
);

interface Member {
  readonly keys: DeclaredKeys;
  readonly chat: ChatServer;
  readonly errors: readonly unknown[];
}

async function member(agent: Agent, options: Partial<ChatServerOptions> = {}): Promise<Member> {
  const keys = await declaredKeys(cluster);
  const errors: unknown[] = [];
  const chat = createChatServer({
    manager: keys.manager,
    agent,
    secret: new Uint8Array(32),
    // Here each script is prepared by several calls: a lease must outlast many of them.
    leaseMs: 2000,
    onError: (error) => errors.push(error),
    ...options,
  });
  onTestFinished(() => chat.close());
  return { keys, chat, errors };
}

/** A thread of Ada on each of the three masters. */
async function threeThreads({ chat, keys }: Member): Promise<string[]> {
  const found: string[] = [];
  while (found.filter(Boolean).length < 3) {
    const { id } = await chat.threads.create(ADA);
    found[(await keys.nodeOf(threadKeys(id).meta)).master] ??= id;
  }
  return found;
}

/** Outcomes of a thread's runs, from its log. */
async function outcomesOf({ chat }: Member, thread: string): Promise<string[]> {
  const outcomes: string[] = [];
  for await (const { body } of chat.threads.entries(thread)) {
    const { data } = JSON.parse(body) as { data: LogEvent };
    if (data.type === 'run-ended') outcomes.push(data.outcome);
  }
  return outcomes;
}

const ALL: ReadonlySet<number> = new Set([0, 1, 2]);

/** On which masters a script has run. */
function mastersOf(name: string, members: readonly Member[]): Set<number> {
  const ran = members.flatMap(({ keys }) => keys.ran);
  return new Set(ran.filter((one) => one.name === name).map(({ master }) => master));
}

/** Everything a thread can go through, with what each step must give. */
async function liveThrough(one: Member, other: Member, thread: string, held: HeldAgent): Promise<void> {
  const { threads } = one.chat;
  const send = (id: string, text = id) => threads.send(ADA, thread, id, [{ type: 'text', text }]);
  const first = await send('m-0');
  expect(await send('m-0')).toEqual(first);
  await expect(send('m-0', 'other')).rejects.toMatchObject({ code: 'id-reused' });
  await expect(threads.send(BOB, thread, 'm-0', [{ type: 'text', text: 'x' }])).rejects.toMatchObject({
    code: 'not-found',
  });
  await eventually(() => expect(held.begun).toContain('m-0'));
  for (let n = 1; n <= 8; n++) await send(`m-${n}`);
  await expect(send('m-9')).rejects.toMatchObject({ code: 'queue-full' });
  expect(await threads.rename(ADA, thread, 'renamed')).toMatchObject({ title: 'renamed', status: 'running' });
  await expect(threads.rename(BOB, thread, 'mine')).rejects.toMatchObject({ code: 'not-found' });
  expect(other.chat.load.runs).toBe(0);
}

/** Asks before its one step, so that it waits for the user. */
const ASKING: Agent = {
  name: 'asking',
  async *run({ message, step }) {
    const paid = await step('pay', { for: message.text }, async () => 'paid', { needsApproval: true });
    yield { type: 'text-delta', id: 't', delta: paid };
  },
};

/** What a user can do to runs and messages, in a thread of its own, with what each must give. */
async function commandThrough({ chat }: Member, thread: string): Promise<void> {
  const { threads } = chat;
  const text = [{ type: 'text', text: 'x' }] as const;
  const waiting = async (): Promise<{ run: string; callId: string }> => {
    await eventually(async () => expect(await threads.get(ADA, thread)).toMatchObject({ status: 'waiting' }));
    const events: { run: string; data: LogEvent }[] = [];
    for await (const { body } of threads.entries(thread)) events.push(JSON.parse(body));
    const asked = events.findLast(({ data }) => data.type === 'tool_waiting');
    return asked?.data.type === 'tool_waiting'
      ? { run: asked.run, callId: asked.data.callId }
      : expect.fail('nothing was asked');
  };
  await threads.send(ADA, thread, 'm-0', text);
  const first = await waiting();
  await expect(threads.edit(ADA, thread, 'm-1', 'm-0', text)).rejects.toMatchObject({ code: 'run-open' });
  await expect(threads.answer(BOB, thread, { ...first, approve: true })).rejects.toMatchObject({
    code: 'not-found',
  });
  await threads.answer(ADA, thread, { ...first, approve: true });
  await eventually(async () => expect(await threads.get(ADA, thread)).toMatchObject({ status: 'idle' }));
  await threads.edit(ADA, thread, 'm-1', 'm-0', text);
  const { run } = await waiting();
  expect(await threads.stop(ADA, thread, { id: 'm-1' })).toEqual({ run, outcome: 'stopped' });
  await expect(threads.regenerate(ADA, thread, 'g-0', 'm-0')).rejects.toMatchObject({ code: 'superseded' });
  await threads.regenerate(ADA, thread, 'g-1', 'm-1');
  await threads.stop(ADA, thread, { run: (await waiting()).run });
  await expect(threads.stop(BOB, thread, { run })).rejects.toMatchObject({ code: 'not-found' });
}

test('stops, edits, regenerations and answers run on each of three masters with their declared keys only', async () => {
  const one = await member(ASKING);
  const threads = await threeThreads(one);
  for (const thread of threads) {
    await commandThrough(one, thread);
    expect(await outcomesOf(one, thread)).toEqual(['done', 'stopped', 'stopped']);
    await one.chat.threads.delete(ADA, thread);
    const left = (await one.keys.manager.call(['EXISTS', threadKeys(thread).turns])) as number;
    expect(left).toBe(0);
  }
  for (const name of COMMANDS) expect([name, mastersOf(name, [one])]).toEqual([name, ALL]);
  expect(one.errors).toEqual([]);
});

test('every other script of the server runs on each of three masters with its declared keys only', async () => {
  const held = new HeldAgent();
  const first = await member(held.agent);
  const second = await member(ECHO, { role: 'gateway' });
  const threads = await threeThreads(first);
  for (const thread of threads) {
    held.begun.length = 0;
    await liveThrough(first, second, thread, held);
  }
  await eventually(() => expect(mastersOf('run.renew', [first])).toEqual(ALL), { timeoutMs: 30_000 });
  // Given back in good order, so that the next worker goes on at once.
  await first.chat.close();
  const heir = await member(new HeldAgent().agent);
  await eventually(() => expect(heir.chat.load.runs).toBe(3), { timeoutMs: 30_000 });
  // Lost without a word: taken over when the lease is over.
  await heir.keys.manager.close();
  const last = await member(ECHO);
  for (const thread of threads) {
    await eventually(async () => expect(await outcomesOf(last, thread)).toEqual(Array(9).fill('done')), {
      timeoutMs: 120_000,
    });
    expect(await last.chat.threads.get(ADA, thread)).toMatchObject({ status: 'idle', title: 'renamed' });
    await expect(last.chat.threads.delete(BOB, thread)).rejects.toMatchObject({ code: 'not-found' });
    await last.chat.threads.delete(ADA, thread);
    await expect(last.chat.threads.get(ADA, thread)).rejects.toMatchObject({ code: 'not-found' });
    expect(await last.chat.threads.wasDeleted(thread)).toBe(true);
  }
  const members = [first, second, heir, last];
  for (const name of NAMES.filter((one) => ![...COMMANDS, ...AFTERWARDS].includes(one)))
    expect([name, mastersOf(name, members)]).toEqual([name, ALL]);
  expect([first, second, last].flatMap(({ errors }) => errors)).toEqual([]);
});

test('a thread with open runs is deleted with their records, on each master', async () => {
  const held = new HeldAgent();
  const one = await member(held.agent);
  for (const thread of await threeThreads(one)) {
    const runs: string[] = [];
    for (const id of ['m-1', 'm-2', 'm-3'])
      runs.push((await one.chat.threads.send(ADA, thread, id, [{ type: 'text', text: id }])).run);
    const keys = threadKeys(thread);
    const records = runs.map((run) => keys.run(run));
    for (const record of records) expect(await one.keys.manager.call(['EXISTS', record])).toBe(1);
    await one.chat.threads.delete(ADA, thread);
    for (const key of [...records, keys.queue, keys.ids, keys.log.head, keys.log.stream]) {
      expect([key, await one.keys.manager.call(['EXISTS', key])]).toEqual([key, 0]);
    }
  }
  held.release();
});

test.each([
  ['queue-deadline', { queueDeadlineMs: 300 }],
  ['deadline', { runDeadlineMs: 300 }],
  ['max-takeovers', { maxTakeovers: 0 }],
] as const)(
  'a run that ends by %s is ended inside the script that claims it, on each master',
  async (code, options) => {
    const lost = await member(new HeldAgent().agent);
    const threads = await threeThreads(lost);
    for (const thread of threads) {
      for (const id of ['m-1', 'm-2'])
        await lost.chat.threads.send(ADA, thread, id, [{ type: 'text', text: id }]);
    }
    await eventually(() => expect(lost.chat.load.runs).toBe(3));
    await lost.keys.manager.close();
    const sentAt = performance.now();
    await eventually(() => expect(performance.now() - sentAt).toBeGreaterThan(400));
    const next = await member(ECHO, options);
    for (const thread of threads) {
      await eventually(
        async () => {
          const events: LogEvent[] = [];
          for await (const { body } of next.chat.threads.entries(thread))
            events.push(JSON.parse(body).data as LogEvent);
          const codes = events.flatMap((event) => (event.type === 'run-ended' ? [event.error?.code] : []));
          expect(codes).toHaveLength(2);
          expect(codes).toContain(code);
        },
        { timeoutMs: 20_000 },
      );
    }
    expect(next.errors).toEqual([]);
  },
);
