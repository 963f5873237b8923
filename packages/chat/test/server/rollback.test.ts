import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EventFrame } from '@taproot/chat/protocol';
import {
  caughtUp,
  eventually,
  startRedis,
  startSentinel,
  type TestRedis,
  temporaryFolder,
} from '@taproot/testkit';
import { expect, test, vi } from 'vitest';
import { ADA } from './support/site.ts';
import { trim } from './support/thread-reader.ts';
import { answered, position, type Scene, setScene } from './support/two-tabs.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Asks, and waits until both tabs show the beginning of an answer that does not end. */
async function underWay({ held, thread, tabs }: Scene, text: string): Promise<void> {
  const { run } = await tabs[0].client.send(thread, text).accepted;
  await eventually(() => expect(held.begun).toContain(text));
  for (const { events } of tabs) {
    const said = (): EventFrame | undefined => events.find((event) => event.run === run && saysText(event));
    await eventually(() => expect(said()).toBeDefined());
  }
}

function saysText({ data }: EventFrame): boolean {
  return [data].flat().some((event) => 'type' in event && event.type === 'text-delta');
}

/** Both tabs were told once what is lost, and show what Redis has, whose messages all have their answers. */
async function expectHonest(scene: Scene, kept: number, known: number): Promise<void> {
  const { held, thread, sites, tabs } = scene;
  for (const { resets, sockets } of tabs) {
    await eventually(() => expect(resets).not.toEqual([]), { timeoutMs: 60_000 });
    expect(resets[0]).toMatchObject({ thread, mode: 'reset', reason: 'rollback', lost: { to: known } });
    const { from = 0 } = resets[0]?.lost ?? {};
    // Marks are coarse: at most as much again as is lost, and what is lost is in it.
    expect(from).toBeLessThanOrEqual(kept + 1);
    expect(kept + 1 - from).toBeLessThanOrEqual(known - kept + 1);
    // Nobody had to connect again for it.
    expect(sockets.filter((state) => state === 'connecting').length).toBeLessThanOrEqual(1);
  }
  // Its sender keeps a message until its answer has ended, and so sends again what was lost before that.
  await eventually(() => expect(held.begun.filter((text) => text === 'under way')).toHaveLength(2), {
    timeoutMs: 60_000,
  });
  held.release();
  await eventually(
    async () => expect(await sites[1].chat.threads.get(ADA, thread)).toMatchObject({ status: 'idle' }),
    {
      timeoutMs: 60_000,
    },
  );
  const log: [number, string][] = [];
  const asked: string[] = [];
  for await (const { seq, chain, body } of sites[0].chat.threads.entries(thread)) {
    log.push([seq, chain]);
    const { data } = JSON.parse(body) as EventFrame;
    if ('type' in data && data.type === 'user-message') asked.push(data.parts[0]?.text ?? '');
  }
  expect(asked).toEqual(['kept', 'under way']);
  for (const { events } of tabs)
    await eventually(() => expect(events.map(({ seq, chain }) => [seq, chain])).toEqual(log));
}

test('a failover that loses acknowledged events is told on the open sockets of every gateway, and lost messages are sent again', async () => {
  const sentinel = await startSentinel({ replicas: 2 });
  const scene = await setScene(sentinel.url);
  const [master, ...replicas] = sentinel.nodes as [TestRedis, ...TestRedis[]];
  await scene.sites[0].chat.threads.get(ADA, scene.thread);
  for (const replica of replicas) await caughtUp(replica, master);
  const kept = position(scene);
  // From here on nothing reaches the replicas, and nobody notices.
  await master.cli('ACL', 'SETUSER', 'default', '-psync', '-sync', '-replconf');
  await master.cli('CLIENT', 'KILL', 'TYPE', 'replica');
  await answered(scene, 'lost');
  await underWay(scene, 'under way');
  const known = position(scene);
  expect(known).toBeGreaterThan(kept + 5);
  await master.kill();
  await expectHonest(scene, kept, known);
});

test('a restored append-only file of before is told on the open sockets of every gateway, and lost messages are sent again', async () => {
  const backup = temporaryFolder();
  const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const scene = await setScene(redis.url);
  const kept = position(scene);
  const folder = join(redis.dir, 'appendonlydir');
  cpSync(folder, backup, { recursive: true });
  await answered(scene, 'lost');
  await underWay(scene, 'under way');
  const known = position(scene);
  await redis.kill();
  rmSync(folder, { recursive: true });
  cpSync(backup, folder, { recursive: true });
  await redis.restart();
  await expectHonest(scene, kept, known);
});

test('a log that has lost events and has others in their place, and more of them, is told all the same', async () => {
  const redis = await startRedis();
  const scene = await setScene(redis.url);
  const { thread, sites, tabs, held } = scene;
  const kept = position(scene);
  const keys = JSON.parse(await redis.cli('KEYS', `taproot:{thread:${thread}}:*`)) as string[];
  // At once, as a failover does it.
  const copy = (from: string, to: string): Promise<string> =>
    redis.cli(
      'EVAL',
      `for _, key in ipairs(KEYS) do redis.call('COPY', '${from}' .. key, '${to}' .. key, 'REPLACE') end`,
      String(keys.length),
      ...keys,
    );
  await copy('', 'kept:');
  await answered(scene, 'one');
  await answered(scene, 'two');
  await copy('', 'other:');
  await copy('kept:', '');
  for (const { resets } of tabs) await eventually(() => expect(resets).toHaveLength(1));
  await answered(scene, 'lost');
  const known = position(scene);
  await copy('other:', '');
  const { seq } = await sites[0].chat.threads.get(ADA, thread);
  expect(seq).toBeGreaterThan(known);
  for (const { resets, events } of tabs) {
    await eventually(() => expect(resets).toHaveLength(2));
    expect(resets[1]).toMatchObject({ reason: 'rollback', lost: { to: known } });
    expect(resets[1]?.lost?.from).toBeLessThanOrEqual(kept + 1);
    await eventually(() => expect(events.at(-1)?.seq).toBe(seq));
    let last = '';
    for (const { prev, chain } of events) {
      if (last !== '') expect(prev).toBe(last);
      last = chain;
    }
  }
  held.release();
});

test('a restored file of before a trim brings its entries back, and the history stays whole', async () => {
  const backup = temporaryFolder();
  const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const scene = await setScene(redis.url);
  const { thread, sites, tabs } = scene;
  const folder = join(redis.dir, 'appendonlydir');
  await answered(scene, 'second');
  cpSync(folder, backup, { recursive: true });
  const before = await tabs[0].client.getMessages(thread);
  await trim(sites[0], thread, { keepEntries: 0 });
  expect((await tabs[0].client.getThread(thread)).first).toBeGreaterThan(before.seq);
  await redis.kill();
  rmSync(folder, { recursive: true });
  cpSync(backup, folder, { recursive: true });
  await redis.restart();
  await eventually(async () => expect((await tabs[0].client.getThread(thread)).first).toBe(1));
  expect(await tabs[0].client.getMessages(thread)).toEqual(before);
  await answered(scene, 'third');
  // No event was lost: nobody was told so.
  expect(tabs.flatMap(({ resets }) => resets)).toEqual([]);
});
