import { join } from 'node:path';
import { type ChatServer, createChatServer } from '@taproot/chat/server';
import { createRedisManager, pause, type RedisManager } from '@taproot/redis';
import { eventually, startProcess, startRedis, type TestProcess, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { USER } from './support/deployment.ts';
import { historyOf } from './support/thread-reader.ts';

const WORKER = join(import.meta.dirname, 'support/trimming-worker.ts');

function startWorker(redis: TestRedis): TestProcess {
  return startProcess(process.execPath, ['--conditions=@taproot/source', WORKER, redis.url]);
}

async function gateway(redis: TestRedis): Promise<{ manager: RedisManager; chat: ChatServer }> {
  const manager = createRedisManager({ url: redis.url, allowSecond: true });
  await manager.ready({ timeoutMs: 10_000 });
  const chat = createChatServer({
    manager,
    agent: { name: 'none', async *run() {} },
    secret: new Uint8Array(32),
    role: 'gateway',
    onError: () => undefined,
  });
  onTestFinished(async () => {
    await chat.close();
    await manager.close();
  });
  return { manager, chat };
}

/** Sends under the same id until it is accepted, as a client does. */
async function send(chat: ChatServer, thread: string, id: string): Promise<void> {
  await eventually(() => chat.threads.send(USER, thread, id, [{ type: 'text', text: id }]), {
    timeoutMs: 30_000,
  });
}

function answerTo(id: string): string {
  return `${Array.from({ length: 5 }, (_, n) => `${n} of ${id}. `).join('')}That is all.`;
}

const MAX_MESSAGES = 1000;

test.each([
  ['the worker', 8],
  ['Redis', 4],
])(
  'nothing of a thread is lost, however often %s is killed while its log is trimmed',
  async (victim, kills) => {
    const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    const { manager, chat } = await gateway(redis);
    const threads = await Promise.all([1, 2, 3].map(async () => (await chat.threads.create(USER)).id));
    let worker = startWorker(redis);
    const firstOf = async (thread: string): Promise<number> =>
      Number(await redis.cli('HGET', `taproot:{thread:${thread}}:head`, 'first'));
    let done = false;
    const sending = Promise.all(
      threads.map(async (thread) => {
        const sent: string[] = [];
        for (; !done && sent.length < MAX_MESSAGES; sent.push(`m-${sent.length}`))
          await send(chat, thread, `m-${sent.length}`);
        return { thread, sent };
      }),
    );
    for (let kill = 0; kill < kills; kill++) {
      const before = await Promise.all(threads.map(firstOf));
      await pause(Math.random() * 50);
      // It has trimmed something, and does so all the time: any moment may be in the middle of it.
      await eventually(async () => expect(await Promise.all(threads.map(firstOf))).not.toEqual(before), {
        timeoutMs: 30_000,
      });
      if (victim === 'Redis') await redis.restart();
      else {
        await worker.kill();
        worker = startWorker(redis);
      }
    }
    done = true;
    for (const { thread, sent } of await sending) {
      await eventually(
        async () => {
          expect((await chat.threads.get(USER, thread)).status).toBe('idle');
          expect(Number(await redis.cli('XLEN', `taproot:{thread:${thread}}:log`))).toBe(2);
        },
        { timeoutMs: 60_000 },
      );
      const history = await historyOf({ manager }, thread, 7);
      const told = history.map(({ id, role, parts }) => [
        role === 'user' ? id : '',
        parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
      ]);
      expect(told).toEqual(
        sent.flatMap((id) => [
          [id, id],
          ['', answerTo(id)],
        ]),
      );
    }
  },
  240_000,
);
