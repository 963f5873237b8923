import { createChatClient } from '@taproot/chat/client';
import type { Chunk } from '@taproot/chat/protocol';
import type { Agent } from '@taproot/chat/server';
import { eventually } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { ALL, conversation, NONE, TALKER } from './support/conversation.ts';
import { startDeployment } from './support/deployment.ts';
import { startSite } from './support/site.ts';
import { historyOf, storedOf, trim } from './support/thread-reader.ts';
import { connected } from './support/wire.ts';

test('an answer of any size is folded, and one over 4 MiB says that it was cut', async () => {
  const long: Agent = {
    name: 'long',
    async *run({ message }) {
      const times = message.text.endsWith('m-1') ? 60 : 20;
      for (let n = 0; n < times; n++)
        yield { type: 'text-delta', id: 't', delta: `${n} `.padEnd(100_000, 'x') } satisfies Chunk;
    },
  };
  const { deployment, member, thread } = await conversation(2, long);
  const lengths = async (): Promise<number[]> =>
    (await historyOf(member, thread)).flatMap(({ role, parts }) =>
      role === 'assistant' ? parts.flatMap((part) => (part.type === 'text' ? [part.text.length] : [])) : [],
    );
  expect(await lengths()).toEqual([2_000_000, 6_000_000]);
  await trim(member, thread, ALL);
  expect((await storedOf(deployment, thread)).entries).toBe(0);
  const [small = 0, large = 0] = await lengths();
  expect(small).toBe(2_000_000);
  expect(large).toBeGreaterThan(3_500_000);
  expect(large).toBeLessThan(4.2e6);
  const messages = await historyOf(member, thread);
  expect(messages.map(({ metadata }) => metadata?.cut)).toEqual([undefined, undefined, undefined, true]);
  const bytes = Number(await deployment.redis.cli('MEMORY', 'USAGE', `taproot:{thread:${thread}}:snapshots`));
  expect(bytes).toBeLessThan(500_000);
});

test('snapshots are told also where the log itself was lost', async () => {
  const { deployment, member, thread } = await conversation(3);
  const whole = await historyOf(member, thread);
  await trim(member, thread, { keepEntries: 12 });
  await deployment.redis.cli('DEL', `taproot:{thread:${thread}}:log`);
  const told = await historyOf(member, thread);
  expect(told.length).toBeGreaterThan(1);
  expect(told).toEqual(whole.slice(0, told.length));
});

test('attaching below what is kept is a reset with reason trimmed, and the history is attached where it ends', async () => {
  const deployment = await startDeployment();
  const site = await startSite({ redisUrl: deployment.redis.url, agent: TALKER, chat: { retention: NONE } });
  const token = await site.signIn();
  const client = createChatClient({ url: site.url, token });
  onTestFinished(() => client.close());
  const { id: thread } = await client.createThread();
  for (const text of ['a', 'b', 'c']) {
    await client.send(thread, text).accepted;
    await eventually(async () => expect((await client.getThread(thread)).status).toBe('idle'));
  }
  const log: { seq: number; chain: string }[] = [];
  for await (const { seq, chain } of site.chat.threads.entries(thread)) log.push({ seq, chain });
  const open = await connected(site.url, { token });
  await open.ask({ type: 'attach', thread, after: log.at(-1) });
  await trim(site, thread, { keepEntries: 10 });
  const { first } = await client.getThread(thread);
  expect(first).toBe(log.length - 9);
  const wire = await connected(site.url, { token });
  for (const after of [log[first - 4], { seq: 0 }]) {
    expect(await wire.ask({ type: 'attach', thread, after })).toEqual({
      ...{ type: 'attached', thread, mode: 'reset', reason: 'trimmed', first },
      ...log[first - 2],
    });
  }
  // The position before the oldest entry is known by that entry.
  expect(await wire.ask({ type: 'attach', thread, after: log[first - 2] })).toMatchObject({
    mode: 'resumed',
    first,
  });
  const page = await client.getMessages(thread);
  expect(page.messages).toHaveLength(6);
  expect(
    await wire.ask({ type: 'attach', thread, after: { seq: page.seq, chain: page.chain } }),
  ).toMatchObject({
    mode: 'resumed',
  });
  await trim(site, thread, ALL);
  expect((await client.getThread(thread)).first).toBe(log.length + 1);
  const empty = await client.getMessages(thread);
  expect(empty).toEqual(page);
  expect(await wire.ask({ type: 'attach', thread, after: log.at(-1) })).toMatchObject({ mode: 'resumed' });
  // Whoever was attached at the head all the time heard of none of it.
  expect(open.of('attached')).toHaveLength(1);
});
