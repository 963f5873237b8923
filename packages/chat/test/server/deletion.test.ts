import { createChatClient } from '@taproot/chat/client';
import { eventually, startRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { HeldAgent } from './support/held-agent.ts';
import { ADA, BOB, startSite } from './support/site.ts';
import { connected } from './support/wire.ts';

test('deleting a thread tells every socket that has it attached, also in the middle of an answer', async () => {
  const redis = await startRedis();
  const held = new HeldAgent();
  const site = await startSite({ redisUrl: redis.url, agent: held.agent });
  const other = await startSite({ redisUrl: redis.url, chat: { role: 'gateway' } });
  const [thread, kept] = [(await site.chat.threads.create(ADA)).id, (await site.chat.threads.create(ADA)).id];
  const wires = [
    await connected(site.url, { token: await site.signIn() }),
    await connected(other.url, { token: await site.signIn() }),
  ] as const;
  for (const wire of wires) for (const id of [thread, kept]) await wire.ask({ type: 'attach', thread: id });
  await wires[0].ask({ type: 'send', thread, id: 'm-1', text: 'to be cut' });
  await eventually(() => expect(held.begun).toHaveLength(1));
  await expect(site.chat.threads.delete(BOB, thread)).rejects.toMatchObject({ code: 'not-found' });
  await site.chat.threads.delete(ADA, thread);
  for (const wire of wires)
    expect(await wire.until('thread-deleted')).toEqual({ type: 'thread-deleted', thread });
  held.release();
  expect(await wires[1].ask({ type: 'attach', thread })).toMatchObject({ code: 'not-found', ref: thread });
  expect(await wires[1].ask({ type: 'send', thread, id: 'm-2', text: 'x' })).toMatchObject({
    code: 'not-found',
    ref: 'm-2',
  });
  // The worker is free, the other thread untouched, and nothing of the deleted one is written any more.
  expect(await wires[1].ask({ type: 'send', thread: kept, id: 'm-3', text: 'go on' })).toMatchObject({
    seq: 1,
  });
  await eventually(() =>
    expect(wires[0].of('event').at(-1)).toMatchObject({ thread: kept, data: { type: 'run-ended' } }),
  );
  await eventually(() => expect(site.chat.load.runs).toBe(0));
  expect(JSON.parse(await redis.cli('KEYS', `taproot:{thread:${thread}}:*`))).toEqual([
    `taproot:{thread:${thread}}:meta`,
  ]);
  expect(site.errors).toEqual([]);
});

test("a client's view of a deleted thread is told, and its unaccepted messages are refused", async () => {
  const held = new HeldAgent();
  const site = await startSite({ redisUrl: (await startRedis()).url, agent: held.agent });
  const client = createChatClient({ url: site.url, token: await site.signIn() });
  onTestFinished(() => client.close());
  const { id } = await client.createThread();
  const told: string[] = [];
  client.thread(id).on('deleted', () => told.push(id));
  client.thread(id).open();
  const sent = Array.from({ length: 10 }, (_, n) => client.send(id, `question ${n}`));
  await eventually(() => expect(client.outbox[0]?.error).toMatchObject({ code: 'queue-full' }));
  const last = expect(sent.at(-1)?.accepted).rejects.toMatchObject({ code: 'not-found' });
  await client.deleteThread(id);
  await last;
  await eventually(() => expect(told).toEqual([id]));
  expect(await client.listThreads()).toEqual([]);
  await expect(client.getMessages(id)).rejects.toMatchObject({ code: 'not-found' });
  await expect(client.deleteThread(id)).rejects.toMatchObject({ code: 'not-found' });
  held.release();
});
