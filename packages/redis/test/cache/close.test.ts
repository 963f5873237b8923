import { fileURLToPath } from 'node:url';
import { eventually, startProcess, startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { readyManager } from '../support/ready-manager.ts';
import { cacheOf, cacheOn, keysOf, live } from './support.ts';

test('closing aborts the factories that run, gives their leases back and refuses what comes later', async () => {
  const redis = await startRedis();
  const cache = await cacheOn<string>(redis.url);
  const signals: AbortSignal[] = [];
  const made = cache.getOrSet('k', ({ signal }) => {
    signals.push(signal);
    return new Promise<string>(() => undefined);
  });
  await eventually(() => expect(signals.length).toBe(1));
  expect(await keysOf(redis)).toEqual(['cache.lease:test:{k}']);
  const closing = cache.close();
  expect(cache.close()).toBe(closing);
  await expect(made).rejects.toMatchObject({ code: 'closed' });
  await closing;
  expect(signals[0]?.aborted).toBe(true);
  expect(await keysOf(redis)).toEqual([]);
  const later = [
    () => cache.get('k'),
    () => cache.has('k'),
    () => cache.getMany(['k']),
    () => cache.getOrSet('k', () => 'v'),
    () => cache.set('k', 'v'),
    () => cache.delete('k'),
    () => cache.invalidateTags('t'),
    () => cache.clear(),
  ];
  for (const call of later) await expect(call()).rejects.toMatchObject({ code: 'closed', applied: 'no' });
  expect(cache.statistics().local).toEqual({ entries: 0, bytes: 0, live: false });
});

test('a cache is closed with its manager', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const cache = cacheOf(manager);
  await cache.set('k', 1);
  const made = cache.getOrSet('other', () => new Promise<number>(() => undefined));
  await eventually(() => expect(cache.statistics().factory.runs).toBe(1));
  await Promise.all([manager.close(), expect(made).rejects.toMatchObject({ code: 'closed' })]);
  await expect(cache.get('k')).rejects.toMatchObject({ code: 'closed' });
});

test('a cache that is closed leaves the others of its manager alone', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const [one, other] = [cacheOf<number>(manager), cacheOf<number>(manager)];
  await Promise.all([live(one), live(other)]);
  await one.close();
  await other.set('k', 1);
  expect(await other.get('k')).toBe(1);
  await redis.cli('DEL', 'cache:test:value:{k}');
  await eventually(async () => expect(await other.get('k')).toBeUndefined());
});

test('nothing of a closed cache keeps its process alive', async () => {
  const redis = await startRedis();
  const program = fileURLToPath(new URL('./closing.process.ts', import.meta.url));
  const ended = startProcess(process.execPath, ['--conditions=@taproot/source', program, redis.url]);
  expect(await ended.exit).toMatchObject({ code: 0 });
  expect(ended.output()).toBe('closed, left: nothing\n');
});
