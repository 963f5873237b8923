import type { Chunk, ServerFrame } from '@taproot/chat/protocol';
import type { Agent } from '@taproot/chat/server';
import { eventually, startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { SEND } from '../../src/server/threads/scripts.ts';
import { type CuttingProxy, cuttingProxy } from './support/cutting-proxy.ts';
import { ADA, type Site, startSite } from './support/site.ts';
import { connected, type Wire } from './support/wire.ts';

interface Scene {
  /** Another process on the same Redis, which the cut does not touch. */
  readonly other: Site;
  readonly proxy: CuttingProxy;
  readonly wire: Wire;
  readonly thread: string;
}

async function setScene(agent?: Agent): Promise<Scene> {
  const redis = await startRedis();
  const proxy = await cuttingProxy(redis);
  const other = await startSite({ redisUrl: redis.url, chat: { role: 'gateway' } });
  const site = await startSite({ redisUrl: proxy.url, ...(agent && { agent }) });
  const { id } = await other.chat.threads.create(ADA);
  const wire = await connected(site.url, { token: await other.signIn() });
  return { other, proxy, wire, thread: id };
}

/** Asks again while the answer is that Redis is away, as clients do (§11). */
async function askUntilAnswered(wire: Wire, frame: object): Promise<ServerFrame> {
  return eventually(async () => {
    const answer = await wire.ask(frame);
    expect(answer).not.toMatchObject({ code: 'redis-unavailable' });
    return answer;
  });
}

/** What the gateway asks Redis for a `send`: whether the session holds, whether it fits the limits, and then to store it. */
test.each(
  [
    ['HMGET', 'HMGET'],
    ['EVALSHA', 'first script'],
    ['ZADD', 'ZADD'],
    [SEND.sha, 'storing'],
    ['PUBLISH', 'PUBLISH'],
  ].flatMap(([word = '', name = '']) => [[name, 'before', word] as const, [name, 'after', word] as const]),
)(
  'a connection to Redis that is lost at the %s of a send, %s Redis has it, costs no socket',
  async (_name, when, word) => {
    const { other, proxy, wire, thread } = await setScene();
    proxy.arm(word, when);
    const frame = { type: 'send', thread, id: 'm-1', text: 'hello' };
    expect(await askUntilAnswered(wire, frame)).toMatchObject({ type: 'accepted', id: 'm-1', seq: 1 });
    expect(proxy.cut).toBe(true);
    await eventually(async () =>
      expect(await other.chat.threads.get(ADA, thread)).toMatchObject({ status: 'idle' }),
    );
    const texts: unknown[] = [];
    for await (const { body } of other.chat.threads.entries(thread)) texts.push(JSON.parse(body).data.type);
    expect(texts.filter((type) => type === 'user-message')).toHaveLength(1);
    expect(wire.closed).toBeUndefined();
  },
);

test.each(['before', 'after'] as const)(
  'an event of an answer whose connection is lost, %s Redis has it, is in the log once',
  async (when) => {
    const gate = Promise.withResolvers<void>();
    const { other, proxy, wire, thread } = await setScene({
      name: 'halting',
      async *run() {
        yield { type: 'text-start', id: 't' };
        yield { type: 'text-delta', id: 't', delta: 'one ' };
        await gate.promise;
        yield { type: 'text-delta', id: 't', delta: 'two' };
      },
    });
    await wire.ask({ type: 'send', thread, id: 'm-1', text: 'count' });
    await eventually(async () => expect(await textOf(other, thread)).toBe('one '));
    proxy.arm('EVALSHA', when);
    gate.resolve();
    await eventually(async () =>
      expect(await other.chat.threads.get(ADA, thread)).toMatchObject({ status: 'idle' }),
    );
    expect(proxy.cut).toBe(true);
    expect(await textOf(other, thread)).toBe('one two');
    expect(wire.closed).toBeUndefined();
  },
);

/** All text in a thread's log. */
async function textOf({ chat }: Site, thread: string): Promise<string> {
  let text = '';
  for await (const { body } of chat.threads.entries(thread)) {
    const { data } = JSON.parse(body) as { data: Chunk | Chunk[] };
    for (const chunk of [data].flat()) if (chunk.type === 'text-delta') text += chunk.delta;
  }
  return text;
}

test.each(['HMGET', 'XRANGE', 'subscribe'])(
  'a connection to Redis that is lost at the %s of an attach costs no socket',
  async (word) => {
    const { other, proxy, wire, thread } = await setScene();
    proxy.arm(word, 'before');
    const frame = { type: 'attach', thread, after: { seq: 0 } };
    expect(await askUntilAnswered(wire, frame)).toMatchObject({ type: 'attached', mode: 'resumed', seq: 0 });
    await eventually(() => expect(proxy.cut).toBe(true));
    await other.chat.threads.send(ADA, thread, 'm-1', [{ type: 'text', text: 'hello' }]);
    await eventually(() => expect(wire.of('event').length).toBeGreaterThan(2));
    expect(wire.closed).toBeUndefined();
  },
);

test.each(['before', 'after'] as const)(
  'a connection to Redis that is lost while a deleted thread is looked at, %s Redis is asked, costs no socket',
  async (when) => {
    const { other, proxy, wire, thread } = await setScene();
    await wire.ask({ type: 'attach', thread });
    proxy.arm('deletedAt', when);
    await other.chat.threads.delete(ADA, thread);
    expect(await wire.until('thread-deleted')).toEqual({ type: 'thread-deleted', thread });
    expect(proxy.cut).toBe(true);
    expect(wire.closed).toBeUndefined();
    expect(wire.of('attached').filter(({ mode }) => mode === 'reset')).toEqual([]);
  },
);

test('a manager that is closed under its chat server, even while a log is read, makes no socket end with 1011', async () => {
  const redis = await startRedis();
  const proxy = await cuttingProxy(redis);
  const site = await startSite({ redisUrl: proxy.url });
  const { id } = await site.chat.threads.create(ADA);
  const wire = await connected(site.url, { token: await site.signIn() });
  proxy.arm('XRANGE', 'lost');
  wire.send({ type: 'attach', thread: id, after: { seq: 0 } });
  await eventually(() => expect(proxy.cut).toBe(true));
  await site.manager.close();
  await site.chat.close();
  expect(await wire.closeCode()).toBe(1012);
});
