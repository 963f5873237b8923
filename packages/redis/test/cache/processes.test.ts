import { fileURLToPath } from 'node:url';
import { eventually, startProcess, startRedis, type TestProcess, type TestRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { cacheOn } from './support.ts';

const PROGRAM = fileURLToPath(new URL('./caller.process.ts', import.meta.url));

function caller(redis: TestRedis, ...args: readonly string[]): TestProcess {
  return startProcess(process.execPath, ['--conditions=@taproot/source', PROGRAM, redis.url, ...args]);
}

/** A process that holds the lease and runs its factory. */
async function holder(redis: TestRedis): Promise<TestProcess> {
  const started = caller(redis, 'hold');
  await eventually(async () => expect(await redis.cli('GET', 'runs')).toBe('1'));
  return started;
}

test('of four processes with 250 callers each that want one cold key one runs the factory, once', async () => {
  const redis = await startRedis();
  const processes = Array.from({ length: 4 }, () => caller(redis, 'cold', '250'));
  await eventually(() => expect(processes.map((each) => each.output()).join('')).toBe('ready\n'.repeat(4)), {
    timeoutMs: 30_000,
  });
  await redis.cli('SET', 'go', '1');
  for (const { exit } of processes) expect(await exit).toMatchObject({ code: 0 });
  expect(await redis.cli('GET', 'runs')).toBe('1');
  const maker = /got made by (\d+)\n/.exec(processes[0]?.output() ?? '')?.[1];
  for (const each of processes) expect(each.output()).toBe(`ready\ngot made by ${maker}\n`);
});

test('when the process that runs the factory is killed another one runs it', async () => {
  const redis = await startRedis();
  const dead = await holder(redis);
  const cache = await cacheOn<string>(redis.url, { waitMs: 60_000 });
  const waiting = cache.getOrSet('k', () => 'made by another');
  await dead.kill('SIGKILL');
  expect(await waiting).toBe('made by another');
  expect(await cache.get('k')).toBe('made by another');
  expect(await redis.cli('EXISTS', 'cache.lease:test:{k}')).toBe('0');
});

test('when it is only stopped another one runs it, and what it makes later is not stored', async () => {
  const redis = await startRedis();
  const paused = await holder(redis);
  paused.signal('SIGSTOP');
  const cache = await cacheOn<string>(redis.url, { waitMs: 60_000 });
  expect(await cache.getOrSet('k', () => 'made by another')).toBe('made by another');
  await redis.cli('SET', 'finish', '1');
  paused.signal('SIGCONT');
  expect(await paused.exit).toMatchObject({ code: 0 });
  expect(paused.output()).toContain(`got made by ${paused.pid}`);
  expect(await redis.cli('GET', 'cache:test:value:{k}')).toContain('made by another');
  expect(await cache.get('k')).toBe('made by another');
});

test('what one process writes another one reads, which reads from its own memory', async () => {
  const redis = await startRedis();
  const reader = caller(redis, 'read');
  const cache = await cacheOn<string>(redis.url);
  for (let n = 0; n < 20; n++) {
    await cache.set('k', `v${n}`);
    await eventually(() => expect(reader.output()).toContain(`read v${n}\n`));
  }
  await cache.delete('k');
  await eventually(() => expect(reader.output().endsWith('read undefined\n')).toBe(true));
  await cache.set('k', 'end');
  await reader.exit;
  const hits = Number(/hits (\d+)/.exec(reader.output())?.[1]);
  expect(hits).toBeGreaterThan(0);
  // In order, and nothing twice: a copy never comes back.
  const read = [...reader.output().matchAll(/^read v(\d+)$/gm)].map(([, n]) => Number(n));
  expect(read).toEqual(Array.from({ length: 20 }, (_, n) => n));
});

test('a process that was stopped reads nothing in its first moment that was changed meanwhile', async () => {
  const redis = await startRedis();
  const cache = await cacheOn<string>(redis.url);
  await cache.set('k', 'old');
  const reader = caller(redis, 'read');
  await eventually(() => expect(reader.output()).toContain('read old\n'));
  for (let n = 0; n < 3; n++) {
    reader.signal('SIGSTOP');
    const { length } = reader.output();
    await cache.set('k', `new ${n}`);
    // Longer than copies are trusted without news.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    reader.signal('SIGCONT');
    await eventually(() => expect(reader.output().slice(length)).toBe(`read new ${n}\n`));
  }
  await cache.set('k', 'end');
  await reader.exit;
});
