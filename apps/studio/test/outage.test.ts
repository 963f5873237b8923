import { eventually, startRedis, startStudio } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { expectSameAsRedis, expectUnbroken, outcomesOf, untilAnswering, visit } from './support/visitor.ts';

const QUESTION = 'What can you do, and what is in Redis right now?';

test('Redis killed in the middle of an answer comes back by itself, and the answer goes on over the open socket', async () => {
  const studio = await startStudio();
  const visitor = await visit(studio);
  await visitor.client.send(visitor.thread, QUESTION).accepted;
  await untilAnswering(visitor);
  const before = studio.redisPid ?? 0;
  process.kill(before, 'SIGKILL');
  await eventually(() => expect(visitor.conditions).toContain('down'));
  await eventually(() => expect(outcomesOf(visitor.events)).toEqual(['done']), { timeoutMs: 30_000 });
  expectUnbroken(visitor.events);
  await expectSameAsRedis(studio, visitor);
  expect(visitor.conditions.at(-1)).toBe('ready');
  expect(visitor.closes).toEqual([]);
  expect(studio.redisPid).not.toBe(before);
});

test("somebody else's Redis, killed and started again after three seconds, costs nothing either", async () => {
  const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const studio = await startStudio({ env: { REDIS_URL: redis.url } });
  const visitor = await visit(studio);
  await visitor.client.send(visitor.thread, QUESTION).accepted;
  await untilAnswering(visitor);
  await redis.kill();
  const killedAt = performance.now();
  await eventually(() => expect(performance.now() - killedAt).toBeGreaterThan(3000));
  expect(visitor.conditions.at(-1)).toBe('down');
  await redis.restart();
  await eventually(() => expect(outcomesOf(visitor.events)).toEqual(['done']), { timeoutMs: 30_000 });
  expectUnbroken(visitor.events);
  expect(Number(await redis.cli('XLEN', `taproot:{thread:${visitor.thread}}:log`))).toBe(
    visitor.events.length,
  );
  expect(visitor.closes).toEqual([]);
});

test('Redis frozen for five seconds in the middle of an answer costs neither the socket nor an event', async () => {
  const studio = await startStudio();
  const visitor = await visit(studio);
  await visitor.client.send(visitor.thread, QUESTION).accepted;
  await untilAnswering(visitor);
  const pid = studio.redisPid ?? 0;
  process.kill(pid, 'SIGSTOP');
  const frozenAt = performance.now();
  // Five seconds are the case itself: longer than the probes' patience, as long as a lease.
  await eventually(() => expect(performance.now() - frozenAt).toBeGreaterThan(5000));
  expect(visitor.conditions).toContain('down');
  process.kill(pid, 'SIGCONT');
  await eventually(() => expect(outcomesOf(visitor.events)).toEqual(['done']), { timeoutMs: 30_000 });
  expectUnbroken(visitor.events);
  await expectSameAsRedis(studio, visitor);
  expect(visitor.closes).toEqual([]);
  expect(studio.redisPid).toBe(pid);
});

test('what is asked while Redis is away is kept and answered when it is back, once', async () => {
  const studio = await startStudio();
  const visitor = await visit(studio);
  const pid = studio.redisPid ?? 0;
  process.kill(pid, 'SIGSTOP');
  await eventually(() => expect(visitor.conditions).toContain('down'), { timeoutMs: 20_000 });
  const sent = visitor.client.send(visitor.thread, 'ping?');
  await eventually(() => expect(sent.state).toBe('retrying'));
  process.kill(pid, 'SIGCONT');
  await sent.accepted;
  await eventually(() => expect(outcomesOf(visitor.events)).toEqual(['done']), { timeoutMs: 30_000 });
  expectUnbroken(visitor.events);
  expect(visitor.closes).toEqual([]);
});
