import type { Agent, RunContext, StepOptions } from '@taproot/chat/server';
import { eventually } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { HistoryReads } from '../../src/server/threads/history-reads.ts';
import {
  ask,
  type Deployment,
  logOf,
  type Member,
  outcomes,
  standingText,
  startDeployment,
  typesIn,
  USER,
  untilOutcomes,
} from './support/deployment.ts';
import { BOB } from './support/site.ts';

/** Says something, pays, and says how that went. */
class Payer {
  readonly paid: string[] = [];
  /** Set: the payment has its effect and never returns. */
  hangs = false;

  agent(options: StepOptions): Agent {
    const payer = this;
    return {
      name: 'payer',
      async *run({ step }: RunContext) {
        yield { type: 'text-delta', id: 't', delta: 'I pay. ' };
        const pay = step('pay', { amount: 5 }, ({ stepKey }) => payer.#pay(stepKey), options);
        const told = await pay.catch((error: unknown) => {
          if ((error as { code?: unknown }).code !== 'step-failed') throw error;
          return (error as Error).message;
        });
        yield { type: 'text-delta', id: 't', delta: String(told) };
      },
    };
  }

  async #pay(stepKey: string): Promise<string> {
    this.paid.push(stepKey);
    if (this.hangs) await new Promise(() => undefined);
    return 'paid';
  }
}

const APPROVAL: StepOptions = { needsApproval: true };

interface Question {
  readonly run: string;
  readonly callId: string;
}

/** The question that a thread waits with, as soon as it does. */
async function untilWaiting(member: Member, thread: string): Promise<Question> {
  await eventually(async () =>
    expect(await member.chat.threads.get(USER, thread)).toMatchObject({ status: 'waiting' }),
  );
  const asked = (await logOf(member, thread)).findLast(({ event }) => event.type === 'tool_waiting');
  if (asked?.event.type !== 'tool_waiting') return expect.fail('nothing was asked');
  return { run: asked.run, callId: asked.event.callId };
}

async function scene(
  options: StepOptions = APPROVAL,
): Promise<{ deployment: Deployment; payer: Payer; member: Member; thread: string }> {
  const deployment = await startDeployment();
  const payer = new Payer();
  const member = await deployment.server(payer.agent(options));
  return { deployment, payer, member, thread: await ask(member) };
}

test('a step that needs approval is executed once it has it, once, and the answer says who gave it', async () => {
  const { payer, member, thread } = await scene();
  const question = await untilWaiting(member, thread);
  expect(payer.paid).toEqual([]);
  // Nobody holds the run while it waits.
  await eventually(() => expect(member.chat.load.runs).toBe(0));
  await member.chat.threads.answer(USER, thread, { ...question, approve: true });
  await untilOutcomes(member, thread, ['done']);
  expect(payer.paid).toHaveLength(1);
  const logged = await logOf(member, thread);
  expect(standingText(logged)).toBe('I pay. paid');
  expect(logged.find(({ event }) => event.type === 'tool_answered')?.event).toEqual({
    type: 'tool_answered',
    callId: question.callId,
    approve: true,
    by: { id: USER.id, name: USER.name },
  });
  expect(await member.chat.threads.get(USER, thread)).toMatchObject({ status: 'idle' });
  expect(member.errors).toEqual([]);
});

test('a step that is refused is not executed, and its agent goes on', async () => {
  const { payer, member, thread } = await scene();
  const question = await untilWaiting(member, thread);
  await member.chat.threads.answer(USER, thread, { ...question, approve: false });
  await untilOutcomes(member, thread, ['done']);
  expect(payer.paid).toEqual([]);
  expect(standingText(await logOf(member, thread))).toBe('I pay. The user did not allow this');
  const history = await new HistoryReads(member.manager).of(thread, { limit: 10 });
  expect(history?.messages[1]?.parts.find((part) => part.type === 'dynamic-tool')).toMatchObject({
    state: 'output-denied',
    approval: { approved: false },
  });
});

test('of two tabs the first is heard; the same again is the same, and the contrary is refused', async () => {
  const { deployment, payer, member, thread } = await scene();
  const other = await deployment.server(payer.agent(APPROVAL), { role: 'gateway' });
  const question = await untilWaiting(member, thread);
  const answers = await Promise.allSettled(
    [true, false, true, false].map((approve, i) =>
      (i < 2 ? member : other).chat.threads.answer(USER, thread, { ...question, approve }),
    ),
  );
  const accepted = answers.filter(({ status }) => status === 'fulfilled');
  expect(accepted).toHaveLength(2);
  for (const one of answers)
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'not-waiting', applied: 'no' });
  await untilOutcomes(member, thread, ['done']);
  const logged = await logOf(member, thread);
  expect(typesIn(logged).filter((type) => type === 'tool_answered')).toHaveLength(1);
  expect(payer.paid).toHaveLength(answers[0]?.status === 'fulfilled' ? 1 : 0);
  const approve = answers[0]?.status === 'fulfilled';
  // Also when all is over.
  await member.chat.threads.answer(USER, thread, { ...question, approve });
  await expect(
    member.chat.threads.answer(USER, thread, { ...question, approve: !approve }),
  ).rejects.toMatchObject({ code: 'not-waiting' });
});

test('only its owner answers, and only a call that was asked about', async () => {
  const { member, thread } = await scene();
  const { run, callId } = await untilWaiting(member, thread);
  const { threads } = member.chat;
  await expect(threads.answer(BOB, thread, { run, callId, approve: true })).rejects.toMatchObject({
    code: 'not-found',
  });
  for (const wrong of [
    { run, callId: 'other' },
    { run: 'r0', callId },
  ])
    await expect(threads.answer(USER, thread, { ...wrong, approve: true })).rejects.toMatchObject({
      code: 'unknown-target',
    });
});

test('a run that waits outlives all processes', async () => {
  const { deployment, payer, member, thread } = await scene();
  const question = await untilWaiting(member, thread);
  await member.manager.close();
  const gateway = await deployment.server(payer.agent(APPROVAL), { role: 'gateway' });
  await gateway.chat.threads.answer(USER, thread, { ...question, approve: true });
  await deployment.server(payer.agent(APPROVAL), { role: 'worker' });
  await untilOutcomes(gateway, thread, ['done']);
  expect(payer.paid).toHaveLength(1);
  expect(standingText(await logOf(gateway, thread))).toBe('I pay. paid');
});

test('a worker that is lost between the question and its letting go is followed by another, which does not ask again', async () => {
  const deployment = await startDeployment();
  const payer = new Payer();
  // Another step holds the run, so that its owner cannot let go of it.
  const busy: Agent = {
    name: 'payer',
    async *run({ step }) {
      yield { type: 'text-delta', id: 't', delta: 'I pay. ' };
      await Promise.all([
        step('pay', { amount: 5 }, async () => payer.paid.push('x'), APPROVAL),
        step('look', {}, () => new Promise(() => undefined)),
      ]);
    },
  };
  const lost = await deployment.server(busy);
  const thread = await ask(lost);
  await eventually(async () => expect(typesIn(await logOf(lost, thread))).toContain('tool_waiting'));
  await lost.manager.close();
  const heir = await deployment.server({
    name: 'payer',
    async *run({ step }) {
      yield { type: 'text-delta', id: 't', delta: 'I pay. ' };
      await Promise.all([
        step('pay', { amount: 5 }, async () => payer.paid.push('x'), APPROVAL),
        step('look', {}, async () => 'seen'),
      ]);
      yield { type: 'text-delta', id: 't', delta: 'Paid.' };
    },
  });
  const question = await untilWaiting(heir, thread);
  await heir.chat.threads.answer(USER, thread, { ...question, approve: true });
  await untilOutcomes(heir, thread, ['done']);
  const logged = await logOf(heir, thread);
  expect(typesIn(logged).filter((type) => type === 'tool_waiting')).toHaveLength(1);
  expect(standingText(logged)).toBe('I pay. Paid.');
  expect(payer.paid).toEqual(['x']);
});

test('an answer that comes before the run was let go is heard as well', async () => {
  const deployment = await startDeployment();
  const gate = Promise.withResolvers<void>();
  let paid = 0;
  const member = await deployment.server({
    name: 'payer',
    async *run({ step }) {
      await Promise.all([
        step('pay', {}, async () => ++paid, APPROVAL),
        step('look', {}, () => gate.promise),
      ]);
      yield { type: 'text-delta', id: 't', delta: 'Paid.' };
    },
  });
  const thread = await ask(member);
  await eventually(async () => expect(typesIn(await logOf(member, thread))).toContain('tool_waiting'));
  const asked = (await logOf(member, thread)).find(({ event }) => event.type === 'tool_waiting');
  const callId = asked?.event.type === 'tool_waiting' ? asked.event.callId : '';
  await member.chat.threads.answer(USER, thread, { run: asked?.run ?? '', callId, approve: true });
  gate.resolve();
  await untilOutcomes(member, thread, ['done']);
  expect(paid).toBe(1);
});

test('two questions at once are both told, and each answer carries its step on', async () => {
  const deployment = await startDeployment();
  const paid: string[] = [];
  const member = await deployment.server({
    name: 'payer',
    async *run({ step }) {
      const pay = (to: string): Promise<unknown> => step('pay', { to }, async () => paid.push(to), APPROVAL);
      await Promise.all(['ada', 'bob'].map(pay));
      yield { type: 'text-delta', id: 't', delta: 'Paid.' };
    },
  });
  const thread = await ask(member);
  await untilWaiting(member, thread);
  const questions = (await logOf(member, thread)).flatMap(({ run, event }) =>
    event.type === 'tool_waiting' ? [{ run, callId: event.callId }] : [],
  );
  expect(questions).toHaveLength(2);
  const [ada, bob] = questions as [Question, Question];
  await member.chat.threads.answer(USER, thread, { ...bob, approve: true });
  await eventually(() => expect(paid).toEqual(['bob']));
  await untilWaiting(member, thread);
  await member.chat.threads.answer(USER, thread, { ...ada, approve: true });
  await untilOutcomes(member, thread, ['done']);
  expect(paid).toEqual(['bob', 'ada']);
});

test('a question that nobody answers ends its run, and comes too late for an answer', async () => {
  const deployment = await startDeployment();
  const payer = new Payer();
  const member = await deployment.server(payer.agent(APPROVAL), { answerDeadlineMs: 500 });
  const thread = await ask(member);
  const question = await untilWaiting(member, thread);
  await untilOutcomes(member, thread, ['error unanswered']);
  await expect(
    member.chat.threads.answer(USER, thread, { ...question, approve: true }),
  ).rejects.toMatchObject({ code: 'not-waiting' });
  await ask(member, 'next', thread);
  await untilWaiting(member, thread);
  expect(payer.paid).toEqual([]);
});

test('the time that a run waits does not count against its deadline', async () => {
  const deployment = await startDeployment();
  const payer = new Payer();
  const member = await deployment.server(payer.agent(APPROVAL), { runDeadlineMs: 1500 });
  const thread = await ask(member);
  const question = await untilWaiting(member, thread);
  const record = `taproot:{thread:${thread}}:run:${question.run}`;
  // As if it had waited for an hour.
  for (const field of ['startedAt', 'waitingSince'])
    await deployment.redis.cli('HINCRBY', record, field, '-3600000');
  await member.chat.threads.answer(USER, thread, { ...question, approve: true });
  await untilOutcomes(member, thread, ['done']);
});

test('a run that waits is stopped like any other, and cannot be answered any more', async () => {
  const { payer, member, thread } = await scene();
  const question = await untilWaiting(member, thread);
  await ask(member, 'next', thread);
  expect(await member.chat.threads.stop(USER, thread, { run: question.run })).toMatchObject({
    outcome: 'stopped',
  });
  await expect(
    member.chat.threads.answer(USER, thread, { ...question, approve: true }),
  ).rejects.toMatchObject({ code: 'not-waiting' });
  const next = await untilWaiting(member, thread);
  expect(next.run).not.toBe(question.run);
  expect(await outcomes(member, thread)).toEqual(['stopped']);
  expect(payer.paid).toEqual([]);
});

const ONCE: StepOptions = { idempotent: false };

/** A payment had its effect, and the worker that made it is gone. */
async function cutOff(
  options: StepOptions,
): Promise<{ heir: Member; thread: string; payers: [Payer, Payer] }> {
  const deployment = await startDeployment();
  const payers: [Payer, Payer] = [new Payer(), new Payer()];
  payers[0].hangs = true;
  const lost = await deployment.server(payers[0].agent(options));
  const thread = await ask(lost);
  if (options.needsApproval === true) {
    const question = await untilWaiting(lost, thread);
    await lost.chat.threads.answer(USER, thread, { ...question, approve: true });
  }
  await eventually(() => expect(payers[0].paid).toHaveLength(1));
  await lost.manager.close();
  return { heir: await deployment.server(payers[1].agent(options)), thread, payers };
}

test.each([
  [true, 1, 'I pay. paid'],
  [false, 0, 'I pay. The user did not allow this'],
])(
  'a step that must not happen twice and was cut off is asked about; allowed: %s',
  async (approve, times, said) => {
    const { heir, thread, payers } = await cutOff(ONCE);
    const question = await untilWaiting(heir, thread);
    expect(payers[1].paid).toEqual([]);
    await heir.chat.threads.answer(USER, thread, { ...question, approve });
    await untilOutcomes(heir, thread, ['done']);
    expect(payers[1].paid).toHaveLength(times);
    expect(standingText(await logOf(heir, thread))).toBe(said);
  },
);

test('a step that was allowed and then cut off fails, and an old answer cannot allow it again', async () => {
  const { heir, thread, payers } = await cutOff({ ...ONCE, ...APPROVAL });
  await untilOutcomes(heir, thread, ['done']);
  expect(payers[1].paid).toEqual([]);
  expect(standingText(await logOf(heir, thread))).toContain('whether it had its effect is unknown');
});

test('a step that must not happen twice and was not cut off asks nobody', async () => {
  const { payer, member, thread } = await scene(ONCE);
  await untilOutcomes(member, thread, ['done']);
  expect(payer.paid).toHaveLength(1);
  expect(typesIn(await logOf(member, thread))).not.toContain('tool_waiting');
});
