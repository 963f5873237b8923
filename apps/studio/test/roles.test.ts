import { createChatClient } from '@taproot/chat/client';
import { eventually, startRedis, startStudio, type TestRedis, type TestStudio } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { expectUnbroken, outcomesOf, signIn, typesOf, untilAnswering, visit } from './support/visitor.ts';

const QUESTION = 'What can you do, and what is in Redis right now?';
const SESSION_SECRET = 'for tests only, for tests only, for tests only';

async function start(redis: TestRedis, role: 'gateway' | 'worker'): Promise<TestStudio> {
  return startStudio({ env: { REDIS_URL: redis.url, TAPROOT_ROLE: role, SESSION_SECRET } });
}

/** The value of a gauge of a process's metrics. */
async function gauge({ url }: TestStudio, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

test('a gateway takes messages and executes nothing; a worker executes and serves operators only', async () => {
  const redis = await startRedis();
  const gateway = await start(redis, 'gateway');
  const visitor = await visit(gateway);
  await visitor.client.send(visitor.thread, QUESTION).accepted;
  await eventually(() => expect(typesOf(visitor.events)).toEqual(['user-message']));
  expect(await gauge(gateway, 'taproot_runs')).toBe(0);
  const worker = await start(redis, 'worker');
  await untilAnswering(visitor);
  expect(await gauge(gateway, 'taproot_runs')).toBe(0);
  expect(await gauge(worker, 'taproot_runs')).toBe(1);
  await eventually(() => expect(outcomesOf(visitor.events)).toEqual(['done']), { timeoutMs: 30_000 });
  for (const [path, status] of [
    ['/livez', 200],
    ['/readyz', 200],
    ['/metrics', 200],
    ['/', 404],
    ['/threads', 404],
    ['/auth/demo', 404],
    ['/ws', 404],
  ] as const)
    expect([path, (await fetch(worker.url + path)).status]).toEqual([path, status]);
  const token = await signIn(gateway);
  const stranger = createChatClient({ url: worker.url, token });
  onTestFinished(() => stranger.close());
  await expect(stranger.listThreads()).rejects.toMatchObject({ status: 404 });
  expect(stranger.connection.socket).not.toBe('open');
});

test('a worker that is killed leaves its answer to another, and no socket notices', async () => {
  const redis = await startRedis();
  const gateway = await start(redis, 'gateway');
  const first = await start(redis, 'worker');
  const visitor = await visit(gateway);
  await visitor.client.send(visitor.thread, QUESTION).accepted;
  await untilAnswering(visitor);
  const second = await start(redis, 'worker');
  await first.kill();
  await eventually(() => expect(outcomesOf(visitor.events)).toEqual(['done']), { timeoutMs: 50_000 });
  expectUnbroken(visitor.events);
  expect(visitor.closes).toEqual([]);
  expect(await gauge(second, 'taproot_runs')).toBe(0);
});

test.each([
  ['before', 0],
  ['while', 1],
  ['after', 2],
])('an answer is stopped for good although its worker is killed %s it is stopped', async (_, moment) => {
  const redis = await startRedis();
  const gateway = await start(redis, 'gateway');
  const workers = [await start(redis, 'worker'), await start(redis, 'worker')];
  const visitor = await visit(gateway);
  const tab = await visit(gateway, visitor.thread);
  const { run } = await visitor.client.send(visitor.thread, QUESTION, { id: 'm-1' }).accepted;
  await untilAnswering(visitor);
  const running = await Promise.all(workers.map((worker) => gauge(worker, 'taproot_runs')));
  expect([...running].sort()).toEqual([0, 1]);
  const kill = async (): Promise<void> => void (await workers[running.indexOf(1)]?.kill());
  if (moment === 0) await kill();
  const stops = [
    visitor.client.stop(visitor.thread, { run }),
    tab.client.stop(visitor.thread, { id: 'm-1' }),
  ];
  if (moment === 1) await kill();
  expect(await Promise.all(stops)).toEqual(Array(2).fill({ run, outcome: 'stopped' }));
  if (moment === 2) await kill();
  // The next answer comes from a worker that has seen the thread since.
  await visitor.client.send(visitor.thread, 'Is everything ready?').accepted;
  for (const { events } of [visitor, tab]) {
    await eventually(() => expect(outcomesOf(events)).toEqual(['stopped', 'done']), { timeoutMs: 30_000 });
    expectUnbroken(events);
    expect(events.findLast((event) => event.run === run)?.data).toMatchObject({ type: 'run-ended' });
    expect(typesOf(events)).not.toContain('run-resumed');
  }
});

test('a frozen worker that wakes after its run was stopped adds nothing to it', async () => {
  const redis = await startRedis();
  const gateway = await start(redis, 'gateway');
  const worker = await start(redis, 'worker');
  const visitor = await visit(gateway);
  const { run } = await visitor.client.send(visitor.thread, QUESTION).accepted;
  await untilAnswering(visitor);
  worker.freeze();
  expect(await visitor.client.stop(visitor.thread, { run })).toMatchObject({ outcome: 'stopped' });
  worker.thaw();
  await eventually(async () => expect(await gauge(worker, 'taproot_runs')).toBe(0));
  await visitor.client.send(visitor.thread, 'Is everything ready?').accepted;
  await eventually(() => expect(outcomesOf(visitor.events)).toEqual(['stopped', 'done']), {
    timeoutMs: 30_000,
  });
  expectUnbroken(visitor.events);
  expect(visitor.events.findLast((event) => event.run === run)?.data).toMatchObject({ type: 'run-ended' });
});
