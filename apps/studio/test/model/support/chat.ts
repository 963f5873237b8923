import { randomUUID } from 'node:crypto';
import { type ModelAgentOptions, modelAgent } from '@taproot/chat/agents';
import type { ChatMessage, LogEvent } from '@taproot/chat/protocol';
import type { Agent, User } from '@taproot/chat/server';
import { expect } from 'vitest';
import {
  type Deployment,
  logOf,
  type Member,
  startDeployment,
  USER,
  untilOutcomes,
} from '../../../../../packages/chat/test/server/support/deployment.ts';
import { languageModel, readModelSettings } from '../../../src/model/index.ts';
import type { FakeModel } from './fake-model.ts';

export const KEY = 'sk-test-0123456789abcdef';
export const OPERATOR: User = { id: 'olga', name: 'Olga', operator: true };

/** Waits that a test can sit out. */
export const QUICK = { firstByteMs: 1000, silenceMs: 1000 } as const;

/** A model agent as the studio makes it of its environment. */
export async function agentFor(
  model: FakeModel,
  { provider = 'openai-compatible', ...options }: Partial<ModelAgentOptions> & { provider?: string } = {},
): Promise<Agent> {
  const env: Record<string, string> = {
    MODEL_PROVIDER: provider,
    MODEL_BASE_URL: `${model.url}/v1`,
    MODEL_NAME: 'fake-1',
    MODEL_API_KEY: KEY,
  };
  const settings = readModelSettings((name) => env[name]);
  return modelAgent({ model: await languageModel(settings), secrets: [KEY], ...options });
}

/** One chat server whose agent asks the fake model. */
export class Chat {
  readonly deployment: Deployment;
  readonly member: Member;

  constructor(deployment: Deployment, member: Member) {
    this.deployment = deployment;
    this.member = member;
  }

  /** The same deployment, seen through another server. */
  async with(agent: Agent): Promise<Chat> {
    return new Chat(this.deployment, await this.deployment.server(agent));
  }

  /** Lets go of the thread's run, as if its worker had been lost for as long as its lease. */
  async endLease(thread: string): Promise<void> {
    const [first] = await logOf(this.member, thread);
    const record = `taproot:{thread:${thread}}:run:${first?.run}`;
    await this.deployment.redis.cli('HSET', record, 'leaseUntil', '0');
  }

  /** Waits for the ends of all runs of a thread. */
  async ended(thread: string, ...outcomes: string[]): Promise<void> {
    await untilOutcomes(this.member, thread, outcomes);
  }

  /** Sends a message and says in which thread; does not wait for the answer. */
  async send(text: string, { user = USER, thread }: { user?: User; thread?: string } = {}): Promise<string> {
    const { threads } = this.member.chat;
    const id = thread ?? (await threads.create(user)).id;
    await threads.send(user, id, randomUUID(), [{ type: 'text', text }]);
    return id;
  }

  /** Asks in a new thread and waits for the end. */
  async ask(text: string, user: User = USER, outcome: string = 'done'): Promise<string> {
    const thread = await this.send(text, { user });
    await this.ended(thread, outcome);
    return thread;
  }

  /** Stops the run of the newest message. */
  async stop(thread: string): Promise<void> {
    const message = (await this.eventsOf(thread, 'user-message')).at(-1);
    await this.member.chat.threads.stop(USER, thread, { id: message?.id ?? '' });
  }

  /** Answers the newest question. */
  async approve(thread: string, approve: boolean): Promise<void> {
    const asked = (await logOf(this.member, thread)).findLast(({ event }) => event.type === 'tool_waiting');
    if (asked?.event.type !== 'tool_waiting') return expect.fail('nothing was asked');
    const { callId } = asked.event;
    await this.member.chat.threads.answer(USER, thread, { run: asked.run, callId, approve });
  }

  async events(thread: string): Promise<LogEvent[]> {
    return (await logOf(this.member, thread)).map(({ event }) => event);
  }

  async eventsOf<T extends LogEvent['type']>(
    thread: string,
    type: T,
  ): Promise<Extract<LogEvent, { type: T }>[]> {
    const events = await this.events(thread);
    return events.filter((event): event is Extract<LogEvent, { type: T }> => event.type === type);
  }

  /** The newest answer, as a page that is opened now shows it. */
  async answer(thread: string, user: User = USER): Promise<ChatMessage> {
    const route = this.member.chat.routes.find(({ path }) => path.endsWith('/messages'));
    const request = { user, params: { id: thread }, query: {}, body: undefined };
    const body = (await route?.handle(request))?.body ?? { messages: [] };
    const { messages } = body as { readonly messages: readonly ChatMessage[] };
    const last = messages.at(-1);
    if (last === undefined) return expect.fail('there is no answer');
    return last;
  }
}

export async function chatWith(
  model: FakeModel,
  options: Parameters<typeof agentFor>[1] & { server?: Parameters<Deployment['server']>[1] } = {},
): Promise<Chat> {
  const { server, ...agent } = options;
  const deployment = await startDeployment();
  // Replies are given in their order, so no run may be repeated only because this machine is slow.
  const member = await deployment.server(await agentFor(model, agent), { leaseMs: 20_000, ...server });
  return new Chat(deployment, member);
}

export function textOf(message: ChatMessage): string {
  return message.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
}
