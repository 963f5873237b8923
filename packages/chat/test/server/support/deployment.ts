import { randomUUID } from 'node:crypto';
import type { Chunk, LogEvent } from '@taproot/chat/protocol';
import {
  type Agent,
  type ChatServer,
  type ChatServerOptions,
  createChatServer,
  type User,
} from '@taproot/chat/server';
import { createRedisManager, type LogEntry, logKeys, type RedisManager } from '@taproot/redis';
import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished } from 'vitest';

export const USER: User = { id: 'ada', name: 'Ada', operator: false };

/** One Redis and as many chat servers as a test wants, each with a manager of its own. */
export class Deployment {
  readonly redis: TestRedis;

  constructor(redis: TestRedis) {
    this.redis = redis;
  }

  /** `redisUrl`: its own way to this deployment's Redis. */
  async server(
    agent: Agent,
    { redisUrl = this.redis.url, ...options }: Partial<ChatServerOptions> & { redisUrl?: string } = {},
  ): Promise<Member> {
    const manager = createRedisManager({ url: redisUrl, allowSecond: true });
    await manager.ready({ timeoutMs: 10_000 });
    const errors: unknown[] = [];
    const chat = createChatServer({
      manager,
      agent,
      secret: new Uint8Array(32),
      leaseMs: 600,
      onError: (error) => errors.push(error),
      ...options,
    });
    onTestFinished(async () => {
      await chat.close();
      await manager.close();
    });
    return { manager, chat, errors };
  }
}

export interface Member {
  readonly manager: RedisManager;
  readonly chat: ChatServer;
  readonly errors: readonly unknown[];
}

export async function startDeployment(): Promise<Deployment> {
  const redis = await startRedis();
  return new Deployment(redis);
}

/** Asks in a new thread; says which. */
export async function ask({ chat }: Member, text = 'a question', thread?: string): Promise<string> {
  const id = thread ?? (await chat.threads.create(USER)).id;
  await chat.threads.send(USER, id, randomUUID(), [{ type: 'text', text }]);
  return id;
}

export interface Logged {
  readonly seq: number;
  readonly run: string;
  readonly event: LogEvent;
}

/** A thread's log as Redis has it, chunks of a batch one by one; checked to be unbroken. */
export async function logOf({ manager }: Member, thread: string): Promise<Logged[]> {
  const logged: Logged[] = [];
  let last: LogEntry | undefined;
  for await (const entry of manager.log.readAll(logKeys(`taproot:{thread:${thread}}`))) {
    expect(entry.seq).toBe((last?.seq ?? 0) + 1);
    if (last !== undefined) expect(entry.prev).toBe(last.chain);
    last = entry;
    const { run, data } = JSON.parse(entry.body) as { run: string; data: LogEvent | Chunk[] };
    for (const event of Array.isArray(data) ? data : [data]) logged.push({ seq: entry.seq, run, event });
  }
  return logged;
}

export async function outcomes(member: Member, thread: string): Promise<unknown[]> {
  const ended = (await logOf(member, thread)).flatMap(({ event }) =>
    event.type === 'run-ended' ? [event] : [],
  );
  return ended.map(({ outcome, error }) => (error === undefined ? outcome : `${outcome} ${error.code}`));
}

export async function untilOutcomes(member: Member, thread: string, expected: unknown[]): Promise<void> {
  await eventually(async () => expect(await outcomes(member, thread)).toEqual(expected), {
    timeoutMs: 20_000,
  });
}

export function typesIn(logged: readonly Logged[]): string[] {
  return logged.map(({ event }) => event.type);
}

/** The text that stands: without what a takeover, or another attempt at a model call, made void. */
export function standingText(logged: readonly Logged[]): string {
  const void_ = logged.flatMap(({ event }) =>
    (event.type === 'run-resumed' || event.type === 'model_failed') && event.supersedes
      ? [event.supersedes]
      : [],
  );
  return logged
    .filter(({ seq }) => !void_.some(({ from, to }) => seq >= from && seq <= to))
    .map(({ event }) => (event.type === 'text-delta' ? event.delta : ''))
    .join('');
}
