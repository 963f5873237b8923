import type { Agent, RetentionOptions } from '@taproot/chat/server';
import { eventually } from '@taproot/testkit';
import { expect } from 'vitest';
import { type Deployment, type Member, startDeployment, USER } from './deployment.ts';

/** Policies that trim all that may be trimmed, and nothing. */
export const ALL: RetentionOptions = { keepEntries: 0 };
export const NONE: Required<RetentionOptions> = { keepEntries: 1_000_000, keepBytes: 1e9, keepMs: 1e12 };

/** A tool call and two texts, so that an answer has parts of every kind. */
export const TALKER: Agent = {
  name: 'talker',
  async *run({ message, step }) {
    yield { type: 'reasoning-delta', id: 'r', delta: `about ${message.text}` };
    await step('look', { at: message.text }, async () => ({ found: message.text }));
    for (const part of ['one ', 'two ', 'three'])
      yield { type: 'text-delta', id: 't', delta: `${message.text}: ${part}` };
  },
};

export interface Scene {
  readonly deployment: Deployment;
  readonly member: Member;
  readonly thread: string;
}

/** A thread with so many answered questions, of which nothing was trimmed. */
export async function conversation(questions: number, agent: Agent = TALKER): Promise<Scene> {
  const deployment = await startDeployment();
  const member = await deployment.server(agent, { retention: NONE });
  const thread = (await member.chat.threads.create(USER)).id;
  for (let n = 0; n < questions; n++) {
    await send(member, thread, `m-${n}`);
    await untilIdle(member, thread);
  }
  return { deployment, member, thread };
}

export function send({ chat }: Member, thread: string, id: string): Promise<{ seq: number; run: string }> {
  return chat.threads.send(USER, thread, id, [{ type: 'text', text: `question ${id}` }]);
}

export async function untilIdle({ chat }: Member, thread: string): Promise<void> {
  await eventually(async () => expect((await chat.threads.get(USER, thread)).status).toBe('idle'));
}
