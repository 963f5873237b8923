import type { Chunk, ModelResult } from '@taproot/chat/protocol';
import { type Agent, ModelFailure } from '@taproot/chat/server';
import { eventually } from '@taproot/testkit';
import { expect, test } from 'vitest';
import {
  ask,
  type Deployment,
  logOf,
  type Member,
  standingText,
  startDeployment,
  typesIn,
  USER,
  untilOutcomes,
} from './support/deployment.ts';

const END: ModelResult = { finishReason: 'stop', usage: { inputTokens: 1, outputTokens: 2 }, calls: [] };

type Gate = 'first' | 'tool' | 'second';

/** Calls a model, uses a tool, calls the model again. It holds at one place until it is opened. */
class Talk {
  readonly did: string[] = [];
  /** What the model said, as its agent got it. */
  readonly heard: string[] = [];
  readonly #gate = Promise.withResolvers<void>();

  open(): void {
    this.#gate.resolve();
  }

  agent(holdAt?: Gate): Agent {
    const talk = this;
    const hold = async (at: Gate): Promise<void> => void (at === holdAt && (await talk.#gate.promise));
    async function* speak(at: 'first' | 'second'): AsyncGenerator<Chunk, ModelResult> {
      talk.did.push(at);
      yield { type: 'text-start', id: 't' };
      yield { type: 'text-delta', id: 't', delta: `${at} ` };
      await hold(at);
      yield { type: 'text-delta', id: 't', delta: 'said. ' };
      yield { type: 'text-end', id: 't', providerMetadata: { p: { signature: at } } };
      return END;
    }
    return {
      name: 'talk',
      async *run(context) {
        const first = yield* context.modelCall('m', () => speak('first'));
        await context.step('tool', {}, async () => {
          talk.did.push('tool');
          await hold('tool');
          return null;
        });
        const second = yield* context.modelCall('m', () => speak('second'));
        for (const { chunks } of [first, second]) talk.heard.push(JSON.stringify(joined(chunks)));
      },
    };
  }
}

/** Text, and what the provider gave along with it. */
function joined(chunks: readonly Chunk[]): unknown {
  const text = chunks.map((chunk) => ('delta' in chunk ? chunk.delta : '')).join('');
  return [text, chunks.flatMap((chunk) => ('providerMetadata' in chunk ? [chunk.providerMetadata] : []))];
}

const WHOLE = 'first said. second said. ';

async function start(
  talk: Talk,
  holdAt: Gate,
): Promise<{ deployment: Deployment; lost: Member; thread: string }> {
  const deployment = await startDeployment();
  const lost = await deployment.server(talk.agent(holdAt));
  const thread = await ask(lost);
  const place = { first: 1, tool: 2, second: 3 }[holdAt];
  await eventually(() => expect(talk.did).toHaveLength(place));
  const calls = holdAt === 'tool' ? 'tool_executing' : 'text-delta';
  await eventually(async () => {
    const types = typesIn(await logOf(lost, thread));
    expect(types.filter((type) => type === calls).length).toBeGreaterThanOrEqual(holdAt === 'second' ? 2 : 1);
  });
  return { deployment, lost, thread };
}

test.each([
  ['first', ['first', 'tool', 'second']],
  ['tool', ['tool', 'second']],
  ['second', ['second']],
] as const)(
  'a worker lost at %s: what was answered is not asked again, and the text stands once',
  async (at, expected) => {
    const [talk, heir] = [new Talk(), new Talk()];
    const { deployment, lost, thread } = await start(talk, at);
    await lost.manager.close();
    const member = await deployment.server(heir.agent());
    await untilOutcomes(member, thread, ['done']);
    expect(heir.did).toEqual(expected);
    const logged = await logOf(member, thread);
    expect(standingText(logged)).toBe(WHOLE);
    // An answer out of the log is the one that the model gave.
    expect(heir.heard).toEqual(
      ['first', 'second'].map((name) => JSON.stringify([`${name} said. `, [{ p: { signature: name } }]])),
    );
    expect(typesIn(logged).filter((type) => type === 'model_completed')).toHaveLength(2);
    talk.open();
  },
);

test('a worker that comes back after its run was taken over adds nothing of its model', async () => {
  const [talk, heir] = [new Talk(), new Talk()];
  const { deployment, lost, thread } = await start(talk, 'second');
  const [run] = (await logOf(lost, thread)).map((entry) => entry.run);
  const member = await deployment.server(heir.agent());
  await eventually(async () => {
    await deployment.redis.cli('HSET', `taproot:{thread:${thread}}:run:${run}`, 'leaseUntil', '0');
    expect(heir.did).toContain('second');
  });
  talk.open();
  await untilOutcomes(member, thread, ['done']);
  await eventually(() => expect(lost.chat.load.runs).toBe(0));
  expect(standingText(await logOf(member, thread))).toBe(WHOLE);
});

/** Fails `times` times after it has spoken, and then answers. */
function failing(times: number, retryInMs?: number): { readonly attempts: number[]; readonly agent: Agent } {
  const attempts: number[] = [];
  async function* speak(attempt: number): AsyncGenerator<Chunk, ModelResult> {
    attempts.push(attempt);
    yield { type: 'text-delta', id: 't', delta: `${attempt} ` };
    if (attempt > times) return END;
    const options = { detail: 'for operators', ...(retryInMs !== undefined && { retryInMs }) };
    throw new ModelFailure({ code: 'unavailable', message: 'It is out of order', status: 503 }, options);
  }
  const agent: Agent = {
    name: 'failing',
    async *run(context) {
      yield* context.modelCall('m', ({ attempt }) => speak(attempt));
    },
  };
  return { attempts, agent };
}

test('an attempt that failed is told, what it had said is void, and the next one follows', async () => {
  const deployment = await startDeployment();
  const { attempts, agent } = failing(2, 5);
  const member = await deployment.server(agent);
  const thread = await ask(member);
  await untilOutcomes(member, thread, ['done']);
  expect(attempts).toEqual([1, 2, 3]);
  const logged = await logOf(member, thread);
  const failures = logged.flatMap(({ event }) => (event.type === 'model_failed' ? [event] : []));
  expect(failures).toEqual(
    Array(2).fill({
      type: 'model_failed',
      callId: expect.any(String),
      error: { code: 'unavailable', message: 'It is out of order', status: 503 },
      retryInMs: 5,
      supersedes: { from: expect.any(Number), to: expect.any(Number) },
    }),
  );
  expect(standingText(logged)).toBe('3 ');
});

test('a failure for good ends the run in words for its user, and keeps what was said', async () => {
  const deployment = await startDeployment();
  const member = await deployment.server(failing(1).agent);
  const thread = await ask(member);
  await untilOutcomes(member, thread, ['error model']);
  const logged = await logOf(member, thread);
  expect(logged.at(-1)?.event).toMatchObject({ error: { code: 'model', message: 'It is out of order' } });
  expect(JSON.stringify(logged)).not.toContain('for operators');
  expect(member.errors).toMatchObject([{ code: 'unavailable', detail: 'for operators' }]);
  expect(standingText(logged)).toBe('1 ');
});

test('a stop ends the wait for the next attempt', async () => {
  const deployment = await startDeployment();
  const { attempts, agent } = failing(1, 3_600_000);
  const member = await deployment.server(agent);
  const thread = await ask(member);
  await eventually(async () => expect(typesIn(await logOf(member, thread))).toContain('model_failed'));
  const [run = ''] = (await logOf(member, thread)).map((entry) => entry.run);
  await member.chat.threads.stop(USER, thread, { run });
  await eventually(() => expect(member.chat.load.runs).toBe(0));
  expect(attempts).toEqual([1]);
});

test.each(['step in a model call', 'model call beside a step'])('a %s is refused', async (which) => {
  const deployment = await startDeployment();
  const gate = Promise.withResolvers<void>();
  const member = await deployment.server({
    name: 'overlapping',
    async *run(context) {
      if (which === 'model call beside a step') void context.step('slow', {}, () => gate.promise);
      yield* context.modelCall('m', async function* () {
        yield { type: 'text-delta', id: 't', delta: 'well' };
        await context.step('inside', {}, async () => 1);
        return END;
      });
    },
  });
  const thread = await ask(member);
  await untilOutcomes(member, thread, ['error agent']);
  expect(String(member.errors[0])).toContain('overlap');
  gate.resolve();
});

test('an end of a model call that is too large to keep is a failure', async () => {
  const deployment = await startDeployment();
  const member = await deployment.server({
    name: 'greedy',
    async *run(context) {
      // biome-ignore lint/correctness/useYield: it says nothing.
      yield* context.modelCall('m', async function* () {
        return { ...END, calls: [{ id: 'c', tool: 'x', input: 'y'.repeat(300_000) }] };
      });
    },
  });
  const thread = await ask(member);
  await untilOutcomes(member, thread, ['error model']);
});
