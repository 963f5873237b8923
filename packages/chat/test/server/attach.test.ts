import { createChatClient } from '@taproot/chat/client';
import type { EventFrame, Position } from '@taproot/chat/protocol';
import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { ADA, type Site, startSite } from './support/site.ts';
import { connected, type Wire } from './support/wire.ts';

interface Scene {
  readonly redis: TestRedis;
  readonly site: Site;
  readonly wire: Wire;
  readonly thread: string;
  /** The whole log: position 0, then each entry. */
  readonly log: readonly Position[];
  readonly head: number;
}

/** A thread with one answered question, and a socket that has not attached it. */
async function setScene(): Promise<Scene> {
  const redis = await startRedis();
  const site = await startSite({ redisUrl: redis.url });
  const { id: thread, seq, chain } = await site.chat.threads.create(ADA);
  await answer(site, thread, 'first');
  const log: Position[] = [{ seq, chain }];
  for await (const entry of site.chat.threads.entries(thread))
    log.push({ seq: entry.seq, chain: entry.chain });
  const wire = await connected(site.url, { token: await site.signIn() });
  return { redis, site, wire, thread, log, head: log.length - 1 };
}

async function answer({ chat }: Site, thread: string, text: string): Promise<void> {
  await chat.threads.send(ADA, thread, `m-${text}`, [{ type: 'text', text }]);
  await eventually(async () => expect(await chat.threads.get(ADA, thread)).toMatchObject({ status: 'idle' }));
}

/** Events follow from the position on to the head, each the successor of the one before. */
async function expectFollows(wire: Wire, from: Position, head: number): Promise<void> {
  const events = (): EventFrame[] => wire.of('event');
  await eventually(() => expect(events().at(-1)?.seq ?? from.seq).toBe(head));
  let last = from;
  for (const event of events()) {
    expect([event.seq, event.prev]).toEqual([last.seq + 1, last.chain]);
    last = event;
  }
}

const WRONG = 'f'.repeat(20);

test('without a position a socket hears only what is new', async () => {
  const { site, wire, thread, log, head } = await setScene();
  expect(await wire.ask({ type: 'attach', thread })).toEqual({
    ...{ type: 'attached', thread, mode: 'live', first: 1 },
    ...log[head],
  });
  await answer(site, thread, 'second');
  await expectFollows(wire, log[head] as Position, (await site.chat.threads.get(ADA, thread)).seq);
});

test('every position of the log is resumed from where it is', async () => {
  const { site, thread, log, head } = await setScene();
  const token = await site.signIn();
  for (const at of log) {
    const wire = await connected(site.url, { token });
    const attached = await wire.ask({ type: 'attach', thread, after: at });
    expect(attached).toEqual({ type: 'attached', thread, mode: 'resumed', first: 1, ...at });
    await expectFollows(wire, at, head);
  }
  const wire = await connected(site.url, { token });
  expect(await wire.ask({ type: 'attach', thread, after: { seq: 0 } })).toMatchObject({
    mode: 'resumed',
    ...log[0],
  });
});

/** `after` as a function of the log, where the reset goes to, and what is lost. */
test.each<[string, (log: readonly Position[]) => object, number, { from: number; to: number } | undefined]>([
  ['an unknown chain without marks', () => ({ seq: 3, chain: WRONG }), 0, { from: 1, to: 3 }],
  ['an unknown chain of position 0', () => ({ seq: 0, chain: WRONG }), 0, undefined],
  ["another position's chain", (log) => ({ seq: 3, chain: log[2]?.chain }), 0, { from: 1, to: 3 }],
  [
    'an unknown chain and a good mark',
    (log) => ({ seq: 3, chain: WRONG, marks: [log[2], log[0]] }),
    2,
    { from: 3, to: 3 },
  ],
  [
    'bad marks above a good one',
    (log) => ({
      seq: 4,
      chain: WRONG,
      marks: [{ seq: 3, chain: WRONG }, { seq: 2, chain: WRONG }, log[1], log[0]],
    }),
    1,
    { from: 2, to: 4 },
  ],
  ['a position above the head', () => ({ seq: 999, chain: WRONG }), 0, { from: 1, to: 999 }],
  [
    'a position above the head and marks',
    (log) => ({ seq: 999, chain: WRONG, marks: [{ seq: 998, chain: WRONG }, log[4]] }),
    4,
    { from: 5, to: 999 },
  ],
  [
    'only bad marks',
    () => ({
      seq: 4,
      chain: WRONG,
      marks: [
        { seq: 3, chain: WRONG },
        { seq: 0, chain: WRONG },
      ],
    }),
    0,
    { from: 1, to: 4 },
  ],
  [
    'the largest number there is',
    () => ({ seq: Number.MAX_SAFE_INTEGER, chain: WRONG }),
    0,
    { from: 1, to: Number.MAX_SAFE_INTEGER },
  ],
])('%s is a reset with its reason, and events follow from there', async (_, after, to, lost) => {
  const { wire, thread, log, head } = await setScene();
  expect(await wire.ask({ type: 'attach', thread, after: after(log) })).toEqual({
    ...{ type: 'attached', thread, mode: 'reset', reason: 'rollback', first: 1 },
    ...log[to],
    ...(lost && { lost }),
  });
  await expectFollows(wire, log[to] as Position, head);
});

test('attaching again replaces the subscription', async () => {
  const { site, wire, thread, log, head } = await setScene();
  await wire.ask({ type: 'attach', thread, after: { seq: 0 } });
  await wire.ask({ type: 'attach', thread, after: log[head] });
  const before = wire.frames.length;
  await answer(site, thread, 'second');
  const { seq } = await site.chat.threads.get(ADA, thread);
  await eventually(() => expect(wire.of('event').at(-1)?.seq).toBe(seq));
  const seqs = wire.frames.slice(before).flatMap((frame) => (frame.type === 'event' ? [frame.seq] : []));
  expect(seqs).toEqual(Array.from({ length: seq - head }, (_, i) => head + 1 + i));
});

test('after a detach no event comes, and the socket lives', async () => {
  const { site, wire, thread } = await setScene();
  await wire.ask({ type: 'attach', thread });
  wire.send({ type: 'detach', thread });
  await wire.ask({ type: 'sync' });
  await answer(site, thread, 'second');
  const { seq } = await site.chat.threads.get(ADA, thread);
  expect(await wire.ask({ type: 'attach', thread })).toMatchObject({ mode: 'live', seq });
  expect(wire.of('event')).toEqual([]);
});

test('a log that is rolled back under an attached socket is a reset on that socket', async () => {
  const { redis, site, wire, thread, log, head } = await setScene();
  const keys = ['log', 'head'].map((name) => `taproot:{thread:${thread}}:${name}`);
  const known = await Promise.all(keys.map((key) => redis.cli('EXISTS', key)));
  expect(known).toEqual(['1', '1']);
  for (const key of keys) await redis.cli('COPY', key, `backup:${key}`);
  await wire.ask({ type: 'attach', thread });
  await answer(site, thread, 'second');
  const lostHead = (await site.chat.threads.get(ADA, thread)).seq;
  await eventually(() => expect(wire.of('event').at(-1)?.seq).toBe(lostHead));
  for (const key of keys) await redis.cli('COPY', `backup:${key}`, key, 'REPLACE');
  const reset = await eventually(() => wire.of('attached').at(1) ?? expect.fail('no second attached'));
  expect(reset).toEqual({
    ...{ type: 'attached', thread, mode: 'reset', reason: 'rollback', first: 1 },
    ...log[head],
    lost: { from: head + 1, to: lostHead },
  });
  const before = wire.frames.length;
  await answer(site, thread, 'third');
  await eventually(() => expect(wire.frames.slice(before).some(({ type }) => type === 'event')).toBe(true));
  expect(wire.frames.slice(before).find(({ type }) => type === 'event')).toMatchObject({
    seq: head + 1,
    prev: log[head]?.chain,
  });
});

test('a log that is gone without having been deleted is told as wiped', async () => {
  const { redis, wire, thread, log, head } = await setScene();
  await wire.ask({ type: 'attach', thread, after: log[head] });
  await redis.cli('FLUSHALL');
  const reset = await eventually(() => wire.of('attached').at(1) ?? expect.fail('no second attached'));
  expect(reset).toEqual({
    ...{ type: 'attached', thread, mode: 'reset', reason: 'wiped', seq: 0, chain: '', first: 1 },
    lost: { from: 1, to: head },
  });
  expect(wire.of('thread-deleted')).toEqual([]);
});

test('two tabs, on two servers, see the same events in the same order, whoever asks', async () => {
  const redis = await startRedis();
  const sites = [await startSite({ redisUrl: redis.url }), await startSite({ redisUrl: redis.url })] as const;
  const { id } = await sites[0].chat.threads.create(ADA);
  const tabs = await Promise.all(
    sites.map(async (site) => {
      const client = createChatClient({ url: site.url, token: await site.signIn() });
      onTestFinished(() => client.close());
      const events: EventFrame[] = [];
      client.thread(id).on('event', (event) => events.push(event));
      client.thread(id).open({ seq: 0 });
      return { client, events };
    }),
  );
  const asked = tabs.flatMap(({ client }, tab) =>
    [1, 2, 3].map((n) => client.send(id, `tab ${tab}, ${n}`).accepted),
  );
  await Promise.all(asked);
  await eventually(async () =>
    expect(await sites[0].chat.threads.get(ADA, id)).toMatchObject({ status: 'idle' }),
  );
  const { seq } = await sites[0].chat.threads.get(ADA, id);
  for (const { events } of tabs) await eventually(() => expect(events.at(-1)?.seq).toBe(seq));
  expect(tabs[1]?.events).toEqual(tabs[0]?.events);
  expect(tabs[0]?.events.map((event) => event.seq)).toEqual(Array.from({ length: seq }, (_, i) => i + 1));
});
