import type { Agent } from '@taproot/chat/server';
import { eventually } from '@taproot/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HistoryReads } from '../../src/server/threads/history-reads.ts';
import { type Deployment, logOf, type Member, startDeployment, USER } from './support/deployment.ts';
import { LogModel } from './support/log-model.ts';

/** Several steps and texts, one of them asking; how it goes hangs on the question, so that runs differ. */
const AGENT: Agent = {
  name: 'talker',
  async *run({ message, step }) {
    const kind = Number(message.text) % 4;
    yield { type: 'text-delta', id: 't', delta: 'a ' };
    await step('look', {}, async () => 1);
    if (kind === 0) await step('pay', {}, async () => 2, { needsApproval: true }).catch(ignoreRefusal);
    for (let n = 0; n < kind * 3; n++) {
      yield { type: 'text-delta', id: 't', delta: `${n} ` };
      await new Promise((resolve) => setTimeout(resolve, kind * 2));
    }
    if (kind === 3) await step('write', {}, async () => 3, { idempotent: false }).catch(ignoreRefusal);
  },
};

function ignoreRefusal(error: unknown): void {
  if ((error as { code?: unknown }).code !== 'step-failed') throw error;
}

const index = fc.nat(30);
const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('send' as const), text: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('stop' as const), of: index, by: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('regenerate' as const), of: index }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('edit' as const), of: index, text: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('answer' as const), of: index, approve: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('kill' as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('calm' as const) }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** What a command was told, to be held against the log. */
type Told =
  | { readonly type: 'accepted'; readonly id: string; readonly seq: number; readonly run: string }
  | { readonly type: 'refused'; readonly id: string }
  | { readonly type: 'stopped'; readonly run: string; readonly outcome: string }
  | { readonly type: 'answered'; readonly call: string; readonly seq: number; readonly approve: boolean };

/** Codes by which a command may be refused without anybody being at fault. */
const REFUSALS = ['queue-full', 'unknown-target', 'superseded', 'run-open', 'not-waiting'];

class Story {
  readonly told: Told[] = [];
  readonly gateway: Member;
  readonly thread: string;
  #worker: Member;
  readonly #deployment: Deployment;
  #n = 0;

  constructor(deployment: Deployment, gateway: Member, worker: Member, thread: string) {
    this.#deployment = deployment;
    this.gateway = gateway;
    this.#worker = worker;
    this.thread = thread;
  }

  async act(command: Command): Promise<void> {
    const { threads } = this.gateway.chat;
    const { thread } = this;
    const logged = command.type === 'send' ? [] : await logOf(this.gateway, thread);
    const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)];
    const messages = logged.flatMap(({ event }) => (event.type === 'user-message' ? [event.id] : []));
    const id = `c-${this.#n++}`;
    switch (command.type) {
      case 'send':
        return this.#store(id, (name) => threads.send(USER, thread, name, text(command.text)));
      case 'edit': {
        const of = pick(messages, command.of) ?? 'none';
        return this.#store(id, (name) => threads.edit(USER, thread, name, of, text(command.text)));
      }
      case 'regenerate': {
        const of = pick(messages, command.of) ?? 'none';
        return this.#store(id, (name) => threads.regenerate(USER, thread, name, of));
      }
      case 'stop': {
        const run = pick([...new Set(logged.map((entry) => entry.run))], command.of) ?? 'none';
        const target = command.by ? { run } : { id: pick(messages, command.of) ?? 'none' };
        const stopped = await refusable(threads.stop(USER, thread, target));
        if (stopped !== undefined) this.told.push({ type: 'stopped', ...stopped });
        return;
      }
      case 'answer': {
        const asked = logged.flatMap(({ run, event }) =>
          event.type === 'tool_waiting' ? [{ run, callId: event.callId }] : [],
        );
        const call = asked.at(-1 - (command.of % 2)) ?? { run: 'none', callId: 'none' };
        const { approve } = command;
        const answered = await refusable(threads.answer(USER, thread, { ...call, approve }));
        if (answered !== undefined)
          this.told.push({ type: 'answered', call: `${call.run} ${call.callId}`, approve, ...answered });
        return;
      }
      case 'kill': {
        const lost = this.#worker;
        this.#worker = await this.#deployment.server(AGENT, {
          role: 'worker',
          leaseMs: 300,
          maxTakeovers: 50,
        });
        await lost.manager.close();
        return;
      }
      case 'calm':
        // So that what is refused while a run is open has its chance, too.
        await eventually(async () => {
          expect((await threads.get(USER, thread)).status).not.toBe('running');
        });
    }
  }

  async end(): Promise<void> {
    await this.#worker.chat.close();
    await this.#worker.manager.close();
  }

  async #store(
    id: string,
    store: (id: string) => Promise<{ readonly seq: number; readonly run: string }>,
  ): Promise<void> {
    const accepted = await refusable(store(id));
    this.told.push(accepted === undefined ? { type: 'refused', id } : { type: 'accepted', id, ...accepted });
  }
}

function text(n: number): readonly [{ readonly type: 'text'; readonly text: string }] {
  return [{ type: 'text', text: String(n) }];
}

async function refusable<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== undefined && REFUSALS.includes(code)) return undefined;
    throw error;
  }
}

/** Everything ends: who still asks is refused, as nobody else would answer within the test's time. */
async function settle(story: Story): Promise<LogModel> {
  return eventually(
    async () => {
      const logged = await logOf(story.gateway, story.thread);
      const model = new LogModel();
      for (const entry of logged) model.take(entry);
      for (const { run, event } of logged) {
        const answered = event.type === 'tool_waiting' && model.answers.has(`${run} ${event.callId}`);
        if (event.type !== 'tool_waiting' || answered || !model.open.includes(run)) continue;
        const { callId } = event;
        await refusable(
          story.gateway.chat.threads.answer(USER, story.thread, { run, callId, approve: false }),
        );
      }
      expect(model.open).toEqual([]);
      return model;
    },
    { timeoutMs: 30_000 },
  );
}

function expectTold(model: LogModel, told: readonly Told[]): void {
  for (const one of told) {
    if (one.type === 'accepted') expect(model.commands.get(one.id)).toEqual({ seq: one.seq, run: one.run });
    else if (one.type === 'refused') expect(model.commands.has(one.id)).toBe(false);
    else if (one.type === 'stopped') expect(model.outcomes.get(one.run)).toBe(one.outcome);
    else expect(model.answers.get(one.call)).toEqual({ seq: one.seq, approve: one.approve });
  }
}

test('through any interleaving of sends, stops, regenerations, edits, answers and lost workers the log keeps its order, each run ends once, and what was told is true', async () => {
  const deployment = await startDeployment();
  const gateway = await deployment.server(AGENT, { role: 'gateway' });
  await fc.assert(
    fc.asyncProperty(
      // Bursts: what is in one comes at the same time.
      fc.array(fc.array(command, { minLength: 1, maxLength: 3 }), { minLength: 4, maxLength: 12 }),
      async (bursts) => {
        const worker = await deployment.server(AGENT, { role: 'worker', leaseMs: 300, maxTakeovers: 50 });
        const { id } = await gateway.chat.threads.create(USER);
        const story = new Story(deployment, gateway, worker, id);
        for (const burst of bursts) await Promise.all(burst.map((one) => story.act(one)));
        const model = await settle(story);
        expectTold(model, story.told);
        // The history tells the messages that stand, each with the answer of its last run.
        const history = await new HistoryReads(gateway.manager).of(id, { limit: 200 });
        expect(history?.messages.map((message) => message.id)).toEqual(
          model.turns.flatMap(({ message, run }) => [message, run]),
        );
        expect(history?.waiting).toEqual([]);
        expect(gateway.errors).toEqual([]);
        await story.end();
      },
    ),
    { numRuns: 20, seed: 20_260_101, endOnFailure: true },
  );
}, 240_000);
