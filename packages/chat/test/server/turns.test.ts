import type { Agent } from '@taproot/chat/server';
import { eventually } from '@taproot/testkit';
import type { UIMessage } from 'ai';
import { expect, test } from 'vitest';
import type { History } from '../../src/server/threads/history.ts';
import { HistoryReads } from '../../src/server/threads/history-reads.ts';
import {
  type Deployment,
  logOf,
  type Member,
  startDeployment,
  USER,
  untilOutcomes,
} from './support/deployment.ts';
import { HeldAgent } from './support/held-agent.ts';
import { BOB } from './support/site.ts';

interface Scene {
  readonly deployment: Deployment;
  readonly member: Member;
  readonly thread: string;
  /** What the agent was given as the conversation before each question. */
  readonly histories: readonly string[][];
}

/** Three questions, m-1 to m-3, each answered. */
async function answered(): Promise<Scene> {
  const deployment = await startDeployment();
  const histories: string[][] = [];
  let answers = 0;
  const agent: Agent = {
    name: 'counting',
    async *run({ message, history }) {
      histories.push((await history()).map(wordsOf));
      yield { type: 'text-delta', id: 't', delta: `${message.text} ${++answers}` };
    },
  };
  const member = await deployment.server(agent);
  const { id: thread } = await member.chat.threads.create(USER);
  for (const n of [1, 2, 3]) await member.chat.threads.send(USER, thread, `m-${n}`, text(`q${n}`));
  await untilOutcomes(member, thread, ['done', 'done', 'done']);
  return { deployment, member, thread, histories };
}

function text(words: string): readonly [{ readonly type: 'text'; readonly text: string }] {
  return [{ type: 'text', text: words }];
}

function wordsOf({ parts }: UIMessage): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

async function historyOf({ manager }: Member, thread: string): Promise<History> {
  const history = await new HistoryReads(manager).of(thread, { limit: 200 });
  return history ?? expect.fail('there is no history');
}

async function conversation({ member, thread }: Scene): Promise<string[]> {
  const { messages, waiting } = await historyOf(member, thread);
  expect(waiting).toEqual([]);
  return messages.map(wordsOf);
}

test('the questions and answers so far', async () => {
  const scene = await answered();
  expect(await conversation(scene)).toEqual(['q1', 'q1 1', 'q2', 'q2 2', 'q3', 'q3 3']);
  expect(scene.histories.at(-1)).toEqual(['q1', 'q1 1', 'q2', 'q2 2']);
});

test('a regenerated answer takes the place of the old one, and what followed is cut off', async () => {
  const scene = await answered();
  const { member, thread, histories } = scene;
  const { run, seq } = await member.chat.threads.regenerate(USER, thread, 'g-1', 'm-2');
  await untilOutcomes(member, thread, ['done', 'done', 'done', 'done']);
  expect(await conversation(scene)).toEqual(['q1', 'q1 1', 'q2', 'q2 4']);
  expect(histories.at(-1)).toEqual(['q1', 'q1 1']);
  const logged = await logOf(member, thread);
  const old = logged.find(({ event }) => event.type === 'user-message' && event.id === 'm-2')?.run;
  expect(logged.find((entry) => entry.seq === seq)).toMatchObject({
    run,
    event: { type: 'run-requested', id: 'g-1', of: 'm-2', supersedes: old },
  });
});

test('an edited message stands in the place of the old one, and what followed is cut off', async () => {
  const scene = await answered();
  const { member, thread, histories } = scene;
  await member.chat.threads.edit(USER, thread, 'e-1', 'm-2', text('other'));
  await untilOutcomes(member, thread, ['done', 'done', 'done', 'done']);
  expect(await conversation(scene)).toEqual(['q1', 'q1 1', 'other', 'other 4']);
  expect(histories.at(-1)).toEqual(['q1', 'q1 1']);
  await member.chat.threads.edit(USER, thread, 'e-2', 'e-1', text('yet another'));
  await member.chat.threads.send(USER, thread, 'm-4', text('q4'));
  await untilOutcomes(member, thread, Array(6).fill('done'));
  expect(await conversation(scene)).toEqual(['q1', 'q1 1', 'yet another', 'yet another 5', 'q4', 'q4 6']);
});

test('both are stored once, however often they come, and an id is not used for something else', async () => {
  const { member, thread } = await answered();
  const { threads } = member.chat;
  const regenerated = await threads.regenerate(USER, thread, 'g-1', 'm-2');
  expect(await threads.regenerate(USER, thread, 'g-1', 'm-2')).toEqual(regenerated);
  await untilOutcomes(member, thread, Array(4).fill('done'));
  const edited = await threads.edit(USER, thread, 'e-1', 'm-2', text('other'));
  // A repetition gets the same answer also when it could not be done any more.
  expect(await threads.edit(USER, thread, 'e-1', 'm-2', text('other'))).toEqual(edited);
  expect(await threads.regenerate(USER, thread, 'g-1', 'm-2')).toEqual(regenerated);
  for (const again of [
    threads.edit(USER, thread, 'e-1', 'm-2', text('different')),
    threads.send(USER, thread, 'e-1', text('other')),
    threads.regenerate(USER, thread, 'm-1', 'm-1'),
  ])
    await expect(again).rejects.toMatchObject({ code: 'id-reused', applied: 'no' });
  await untilOutcomes(member, thread, Array(5).fill('done'));
});

test('what was cut off can be neither edited nor regenerated', async () => {
  const { member, thread } = await answered();
  const { threads } = member.chat;
  await threads.edit(USER, thread, 'e-1', 'm-2', text('other'));
  await untilOutcomes(member, thread, Array(4).fill('done'));
  for (const of of ['m-2', 'm-3']) {
    await expect(threads.regenerate(USER, thread, `g-${of}`, of)).rejects.toMatchObject({
      code: 'superseded',
    });
    await expect(threads.edit(USER, thread, `e-${of}`, of, text('x'))).rejects.toMatchObject({
      code: 'superseded',
      applied: 'no',
    });
  }
  await expect(threads.regenerate(USER, thread, 'g-9', 'm-9')).rejects.toMatchObject({
    code: 'unknown-target',
  });
  await expect(threads.edit(USER, thread, 'e-9', 'm-9', text('x'))).rejects.toMatchObject({
    code: 'unknown-target',
  });
  for (const foreign of [
    threads.regenerate(BOB, thread, 'g-1', 'm-1'),
    threads.edit(BOB, thread, 'e-2', 'm-1', text('x')),
  ])
    await expect(foreign).rejects.toMatchObject({ code: 'not-found' });
});

test('while a run is open nothing is cut off: it is to be stopped first', async () => {
  const deployment = await startDeployment();
  const held = new HeldAgent();
  const member = await deployment.server(held.agent);
  const { threads } = member.chat;
  const { id: thread } = await threads.create(USER);
  const { run } = await threads.send(USER, thread, 'm-1', text('q1'));
  for (const refused of [
    threads.edit(USER, thread, 'e-1', 'm-1', text('x')),
    threads.regenerate(USER, thread, 'g-1', 'm-1'),
  ])
    await expect(refused).rejects.toMatchObject({ code: 'run-open', applied: 'no' });
  await threads.stop(USER, thread, { run });
  // Refused ids were not used up.
  await threads.edit(USER, thread, 'e-1', 'm-1', text('x'));
  await eventually(() => expect(held.begun.at(-1)).toBe('x'));
  held.release();
  await untilOutcomes(member, thread, ['stopped', 'done']);
});

test('of two tabs that regenerate at once one is heard', async () => {
  const { deployment, member, thread } = await answered();
  const other = await deployment.server(new HeldAgent().agent, { role: 'gateway' });
  const results = await Promise.allSettled([
    member.chat.threads.regenerate(USER, thread, 'g-1', 'm-3'),
    other.chat.threads.regenerate(USER, thread, 'g-2', 'm-3'),
  ]);
  const refused = results.filter(({ status }) => status === 'rejected');
  await eventually(async () =>
    expect(await member.chat.threads.get(USER, thread)).toMatchObject({ status: 'idle' }),
  );
  const asked = (await logOf(member, thread)).filter(({ event }) => event.type === 'run-requested');
  expect(asked).toHaveLength(2 - refused.length);
  for (const one of refused) expect(one).toMatchObject({ reason: { code: 'run-open' } });
});

test('a message that was stopped before its turn keeps its place in the history', async () => {
  const deployment = await startDeployment();
  const held = new HeldAgent();
  const member = await deployment.server(held.agent);
  const { threads } = member.chat;
  const { id: thread } = await threads.create(USER);
  for (const n of [1, 2, 3]) await threads.send(USER, thread, `m-${n}`, text(`q${n}`));
  await eventually(() => expect(held.begun).toEqual(['q1']));
  await threads.stop(USER, thread, { id: 'm-2' });
  // The run of m-2 has ended, and that is told after the attach point, which lies before the run at work.
  const midway = await historyOf(member, thread);
  expect(midway.messages.map(wordsOf)).toEqual(['q1', 'q2', 'q3'].slice(0, midway.messages.length));
  expect(midway.waiting.map(({ id }) => id)).toEqual(midway.messages.map(({ id }) => id));
  held.release();
  await untilOutcomes(member, thread, ['stopped', 'done', 'done']);
  const { messages } = await historyOf(member, thread);
  expect(messages.map(wordsOf)).toEqual(['q1', 'about q1: done', 'q2', '', 'q3', 'about q3: done']);
  expect(messages[3]?.metadata).toMatchObject({ outcome: 'stopped' });
});
