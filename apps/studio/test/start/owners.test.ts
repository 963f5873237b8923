import { eventually, startStudio, type TestStudio } from '@taproot/testkit';
import { expect, test } from 'vitest';
import {
  expectSameAsRedis,
  expectUnbroken,
  outcomesOf,
  untilAnswering,
  type Visitor,
  visit,
} from '../support/visitor.ts';
import { serversOf } from './support/servers.ts';

async function ask({ client, thread, events }: Visitor, answers: number): Promise<void> {
  await client.send(thread, 'Is everything ready?').accepted;
  const done = Array.from({ length: answers }, () => 'done');
  await eventually(() => expect(outcomesOf(events)).toEqual(done), { timeoutMs: 30_000 });
}

async function untilReady({ url }: TestStudio): Promise<void> {
  await eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), {
    timeoutMs: 20_000,
  });
}

test('a second studio on the same data folder attaches to the same Redis, and supervises it when the first was killed', async () => {
  const first = await startStudio();
  const second = await startStudio({ dataDir: first.dataDir });
  const pid = first.redisPid ?? 0;
  expect(serversOf(first.dataDir)).toEqual([pid]);
  const visitor = await visit(second);
  await ask(visitor, 1);
  await first.kill();
  await ask(visitor, 2);
  expect(serversOf(second.dataDir)).toEqual([pid]);
  expect(visitor.conditions).not.toContain('down');
  process.kill(pid, 'SIGKILL');
  await eventually(() => expect(visitor.conditions).toContain('down'));
  await untilReady(second);
  expect(serversOf(second.dataDir)).toEqual([second.redisPid]);
  expect(second.redisPid).not.toBe(pid);
  await ask(visitor, 3);
  expectUnbroken(visitor.events);
  await expectSameAsRedis(second, visitor);
  expect(visitor.closes).toEqual([]);
});

test('an answer that a killed studio had begun is finished by the other one on its data folder', async () => {
  const first = await startStudio();
  const second = await startStudio({ dataDir: first.dataDir });
  const asking = await visit(first);
  const watching = await visit(second, asking.thread);
  await asking.client.send(asking.thread, 'What can you do, and what is in Redis right now?').accepted;
  await untilAnswering(watching);
  await first.kill();
  await eventually(() => expect(outcomesOf(watching.events)).toEqual(['done']), { timeoutMs: 50_000 });
  expectUnbroken(watching.events);
  await expectSameAsRedis(second, watching);
});

test('Redis stays while one of two studios is left, and ends with the last', async () => {
  const first = await startStudio();
  const second = await startStudio({ dataDir: first.dataDir });
  const pid = first.redisPid ?? 0;
  await first.stop();
  expect(serversOf(second.dataDir)).toEqual([pid]);
  await untilReady(second);
  await second.stop();
  await eventually(() => expect(serversOf(second.dataDir)).toEqual([]));
});

test('a Redis that a killed studio left behind is adopted by the next start', async () => {
  const studio = await startStudio();
  const visitor = await visit(studio);
  await ask(visitor, 1);
  const pid = studio.redisPid ?? 0;
  await studio.kill();
  expect(serversOf(studio.dataDir)).toEqual([pid]);
  await studio.restart();
  expect(serversOf(studio.dataDir)).toEqual([pid]);
  expect(studio.redisPid).toBe(pid);
  await ask(visitor, 2);
  expectUnbroken(visitor.events);
});
