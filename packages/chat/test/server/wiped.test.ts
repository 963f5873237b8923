import { eventually, startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { threadKeys } from '../../src/server/threads/keys.ts';
import { answered, openTab, position, setScene } from './support/two-tabs.ts';

test('a thread that is wiped is told on the open sockets of every gateway', async () => {
  const redis = await startRedis();
  const scene = await setScene(redis.url);
  const { thread, tabs } = scene;
  const known = position(scene);
  const keys = JSON.parse(await redis.cli('KEYS', `taproot:{thread:${thread}}:*`)) as string[];
  await redis.cli('DEL', ...keys);
  for (const { resets, events } of tabs) {
    await eventually(() => expect(resets).toHaveLength(1));
    expect(resets[0]).toMatchObject({ reason: 'wiped', seq: 0, chain: '', lost: { from: 1, to: known } });
    expect(events).toEqual([]);
  }
});

test('data that is wiped altogether has another epoch, on every gateway, and no gateway goes on with the old one', async () => {
  const redis = await startRedis();
  const scene = await setScene(redis.url);
  const { sites, tabs } = scene;
  const before = sites.map(({ manager }) => manager.deployment.epoch);
  expect(before[0]).toBe(before[1]);
  await redis.cli('FLUSHALL');
  for (const { resets, sockets } of tabs)
    await eventually(() =>
      expect([resets.map(({ reason }) => reason), sockets.at(-1)]).not.toEqual([[], 'open']),
    );
  await eventually(async () => {
    const epochs = sites.map(({ manager }) => manager.deployment.epoch);
    expect(epochs[0]).not.toBe(before[0]);
    expect(epochs[1]).toBe(epochs[0]);
    expect(await redis.cli('HGET', 'taproot:deployment', 'epoch')).toBe(epochs[0]);
  });
});

test('entries that are lost while the thread stays are no reason to go on as if they were there', async () => {
  const redis = await startRedis();
  const scene = await setScene(redis.url);
  const { thread, sites, tabs } = scene;
  await redis.cli('DEL', threadKeys(thread).log.stream);
  // Whoever has all of it has missed nothing; whoever has not is told.
  const late = await openTab(sites[1], thread, await sites[1].signIn());
  await eventually(() => expect(late.resets).toHaveLength(1));
  const { seq, chain } = await tabs[0].client.getThread(thread);
  expect(late.resets[0]).toMatchObject({ mode: 'reset', seq, chain });
  await answered(scene, 'afterwards');
  for (const { resets } of tabs) expect(resets).toEqual([]);
  expect(tabs[0].events.at(-1)).toEqual(late.events.at(-1));
});
