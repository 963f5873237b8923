import { createChatClient } from '@taproot/chat/client';
import { eventually, startRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { careKey, pendingPartition, threadKeys, userKeys } from '../../src/server/threads/keys.ts';
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

test('the open runs of a deleted thread end as stopped, before its sockets hear that it is gone', async () => {
  const redis = await startRedis();
  const held = new HeldAgent();
  const sites = [
    await startSite({ redisUrl: redis.url, agent: held.agent, chat: { leaseMs: 60_000 } }),
    await startSite({ redisUrl: redis.url, chat: { role: 'gateway' } }),
  ] as const;
  const thread = (await sites[0].chat.threads.create(ADA)).id;
  const wires = await Promise.all(
    sites.map(async (site) => connected(site.url, { token: await site.signIn() })),
  );
  for (const wire of wires) await wire.ask({ type: 'attach', thread });
  const runs: string[] = [];
  for (const id of ['m-1', 'm-2', 'm-3'])
    runs.push((await sites[0].chat.threads.send(ADA, thread, id, [{ type: 'text', text: id }])).run);
  await eventually(() => expect(held.begun).toEqual(['m-1']));
  await sites[1].chat.threads.delete(ADA, thread);
  for (const wire of wires) {
    await wire.until('thread-deleted');
    expect(wire.frames.at(-1)).toEqual({ type: 'thread-deleted', thread });
    const events = wire.of('event');
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    expect(events.slice(-3).map(({ run, data }) => [run, data])).toEqual(
      runs.map((run) => [run, { type: 'run-ended', outcome: 'stopped' }]),
    );
  }
  // Its worker is told: it neither waits for its lease nor goes on with the next run.
  await eventually(() => expect(sites[0].chat.load.runs).toBe(0));
  expect(held.begun).toEqual(['m-1']);
  expect(sites.flatMap(({ errors }) => errors)).toEqual([]);
});

test('a deleted thread leaves a tombstone for 30 days, and whatever is sent to it makes nothing new', async () => {
  const redis = await startRedis();
  const held = new HeldAgent();
  const site = await startSite({ redisUrl: redis.url, agent: held.agent });
  const { threads } = site.chat;
  const { id } = await threads.create(ADA);
  const { run } = await threads.send(ADA, id, 'm-1', [{ type: 'text', text: 'x' }]);
  await eventually(() => expect(held.begun).toHaveLength(1));
  // From other tabs, at the same moment: each is stored and deleted with the thread, or refused.
  const text = [{ type: 'text', text: 'y' }] as const;
  const sends = ['a', 'b', 'c', 'd'].map((name) => threads.send(ADA, id, name, text));
  const [deleted, ...sent] = await Promise.allSettled([threads.delete(ADA, id), ...sends]);
  expect(deleted.status).toBe('fulfilled');
  for (const one of sent)
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'not-found', applied: 'no' });
  const { meta } = threadKeys(id);
  const left = async (): Promise<unknown> => JSON.parse(await redis.cli('KEYS', `taproot:{thread:${id}}:*`));
  expect(await left()).toEqual([meta]);
  const days = Number(await redis.cli('PTTL', meta)) / 86_400_000;
  expect([days > 29.99, days <= 30]).toEqual([true, true]);
  const missing = { code: 'not-found', applied: 'no' };
  await expect(threads.send(ADA, id, 'm-1', [{ type: 'text', text: 'x' }])).rejects.toMatchObject(missing);
  await expect(threads.edit(ADA, id, 'e', 'm-1', text)).rejects.toMatchObject(missing);
  await expect(threads.regenerate(ADA, id, 'g', 'm-1')).rejects.toMatchObject(missing);
  await expect(threads.stop(ADA, id, { run })).rejects.toMatchObject(missing);
  await expect(threads.rename(ADA, id, 'again')).rejects.toMatchObject(missing);
  await expect(threads.delete(ADA, id)).rejects.toMatchObject(missing);
  await eventually(() => expect(site.chat.load.runs).toBe(0));
  // For good: also when the tombstone is gone.
  await redis.cli('DEL', meta);
  await expect(threads.send(ADA, id, 'm-9', text)).rejects.toMatchObject(missing);
  expect(await left()).toEqual([]);
  expect(await threads.list(ADA)).toEqual([]);
});

test('a thread whose owner died while deleting it disappears from the list and the index', async () => {
  const redis = await startRedis();
  const site = await startSite({ redisUrl: redis.url });
  const { id } = await site.chat.threads.create(ADA, 'to be deleted');
  const { threads, words, texts } = userKeys(ADA.id);
  const names = [threads, words, texts];
  for (const name of names) await redis.cli('COPY', name, `backup:${name}`);
  await site.chat.threads.delete(ADA, id);
  for (const name of names) await redis.cli('COPY', `backup:${name}`, name, 'REPLACE');
  expect(await site.chat.threads.list(ADA)).toEqual([]);
  expect((await site.chat.threads.search(ADA, { text: 'deleted', limit: 9 })).threads).toEqual([]);
  // The time to look after it has come.
  await redis.cli('ZADD', careKey(pendingPartition(id)), '1', id);
  await eventually(async () => {
    for (const name of names) expect([name, await redis.cli('EXISTS', name)]).toEqual([name, '0']);
    expect(await redis.cli('ZCARD', careKey(pendingPartition(id)))).toBe('0');
  });
});
