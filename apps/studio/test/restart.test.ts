import { eventually, startStudio } from '@taproot/testkit';
import { expect, test } from 'vitest';
import {
  expectSameAsRedis,
  expectUnbroken,
  outcomesOf,
  typesOf,
  untilAnswering,
  visit,
} from './support/visitor.ts';

const QUESTION = 'What can you do, and what is in Redis right now?';

test('a server killed in the middle of an answer continues it after its restart', async () => {
  const studio = await startStudio();
  const visitor = await visit(studio);
  await visitor.client.send(visitor.thread, QUESTION).accepted;
  await untilAnswering(visitor);
  await studio.kill();
  const second = visitor.client.send(visitor.thread, 'Is everything ready?');
  await studio.restart();
  await second.accepted;
  // The bound for the first outcome is ten seconds.
  await eventually(() => expect(outcomesOf(visitor.events)).toEqual(['done', 'done']), { timeoutMs: 50_000 });
  expectUnbroken(visitor.events);
  await expectSameAsRedis(studio, visitor);
  expect(typesOf(visitor.events)).toContain('run-resumed');
  const page = await visitor.client.getMessages(visitor.thread);
  expect(page.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
  // What the killed server had written after its last step is void: the text stands once.
  const texts = page.messages[1]?.parts.filter((part) => part.type === 'text') ?? [];
  expect(texts).toHaveLength(1);
  const tools = page.messages[1]?.parts.filter((part) => part.type === 'dynamic-tool') ?? [];
  expect(tools.length).toBe(new Set(tools.map((part) => part.toolCallId)).size);
});

test('a step whose result is in the log is not executed again after a takeover', async () => {
  const studio = await startStudio();
  const visitor = await visit(studio);
  await visitor.client.send(visitor.thread, QUESTION).accepted;
  await untilAnswering(visitor);
  await studio.kill();
  await studio.restart();
  await eventually(() => expect(outcomesOf(visitor.events)).toEqual(['done']), { timeoutMs: 50_000 });
  const count = (type: string): number => typesOf(visitor.events).filter((name) => name === type).length;
  expect(count('tool_completed')).toBeGreaterThan(0);
  expect(count('tool_executing')).toBe(count('tool_completed'));
});

test('server and Redis killed together lose nothing that was accepted', async () => {
  const studio = await startStudio();
  const visitor = await visit(studio);
  const asked = [1, 2, 3].map((n) => visitor.client.send(visitor.thread, `Is everything ready? (${n})`));
  await Promise.all(asked.map(({ accepted }) => accepted));
  const pid = studio.redisPid ?? 0;
  await studio.kill();
  process.kill(pid, 'SIGKILL');
  await studio.restart();
  await eventually(() => expect(outcomesOf(visitor.events)).toEqual(['done', 'done', 'done']), {
    timeoutMs: 50_000,
  });
  expectUnbroken(visitor.events);
  await expectSameAsRedis(studio, visitor);
});

test('a server that is stopped in good order leaves its answer to the next one', async () => {
  const studio = await startStudio();
  const visitor = await visit(studio);
  await visitor.client.send(visitor.thread, QUESTION).accepted;
  await untilAnswering(visitor);
  expect(await studio.stop()).toMatchObject({ code: 0 });
  await studio.restart();
  await eventually(() => expect(outcomesOf(visitor.events)).toEqual(['done']), { timeoutMs: 50_000 });
  expectUnbroken(visitor.events);
  // Later ones are attempts that came while nobody listened.
  expect(visitor.closes[0]).toBe(1012);
});

test('a second tab and a reload see the same events in the same order', async () => {
  const studio = await startStudio();
  const first = await visit(studio);
  const second = await visit(studio, first.thread);
  await first.client.send(first.thread, 'How fast is Redis right now?').accepted;
  await second.client.send(first.thread, 'Who is connected?').accepted;
  for (const tab of [first, second]) {
    await eventually(() => expect(outcomesOf(tab.events)).toEqual(['done', 'done']), { timeoutMs: 30_000 });
  }
  const reloaded = await visit(studio, first.thread);
  await eventually(() => expect(reloaded.events).toHaveLength(first.events.length));
  expect(second.events).toEqual(first.events);
  expect(reloaded.events).toEqual(first.events);
  expectUnbroken(first.events);
});
