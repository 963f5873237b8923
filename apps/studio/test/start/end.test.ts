import { eventually, startRedis, startStudio } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { visit } from '../support/visitor.ts';
import { serversOf } from './support/servers.ts';

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  'on %s open sockets are closed with 1012, the embedded Redis ends, and so does the process, with 0',
  async (signal) => {
    const studio = await startStudio();
    const tabs = await Promise.all([visit(studio), visit(studio)]);
    expect(serversOf(studio.dataDir)).toHaveLength(1);
    expect(await studio.kill(signal)).toEqual({ code: 0, signal: null });
    for (const tab of tabs) await eventually(() => expect(tab.closes[0]).toBe(1012));
    await eventually(() => expect(serversOf(studio.dataDir)).toEqual([]));
  },
);

test('a signal also ends a studio whose own Redis is frozen, and the next start finds that Redis again', async () => {
  const studio = await startStudio();
  const visitor = await visit(studio);
  const pid = studio.redisPid ?? 0;
  process.kill(pid, 'SIGSTOP');
  await eventually(() => expect(visitor.conditions.at(-1)).toBe('degraded'), { timeoutMs: 20_000 });
  expect(await studio.stop()).toEqual({ code: 0, signal: null });
  await eventually(() => expect(visitor.closes[0]).toBe(1012));
  process.kill(pid, 'SIGCONT');
  await studio.restart();
  expect(serversOf(studio.dataDir)).toEqual([pid]);
});

test('a signal also ends a studio whose Redis is frozen, and one that never had a Redis', async () => {
  const redis = await startRedis();
  const studio = await startStudio({ env: { REDIS_URL: redis.url } });
  const visitor = await visit(studio);
  redis.freeze();
  await eventually(() => expect(visitor.conditions.at(-1)).toBe('down'), { timeoutMs: 20_000 });
  expect(await studio.stop()).toEqual({ code: 0, signal: null });
  await eventually(() => expect(visitor.closes[0]).toBe(1012));
  await redis.kill();
  await studio.restart({ waitFor: 'listening' });
  expect(await studio.stop()).toEqual({ code: 0, signal: null });
});
