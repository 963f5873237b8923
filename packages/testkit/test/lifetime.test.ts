import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, startProcess, startStudio, temporaryFolder } from '../src/index.ts';
import { isAlive } from './support/is-alive.ts';

const STARTER = join(import.meta.dirname, 'support/starter.ts');

/** What a test process had started when it was ready. */
interface Left {
  readonly pids: readonly number[];
  readonly folders: readonly string[];
}

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'nothing outlives a test process that was ended by %s, neither processes nor detached servers nor folders',
  async (signal) => {
    const report = join(temporaryFolder(), 'left.json');
    const starter = startProcess(process.execPath, ['--conditions=@taproot/source', STARTER, report]);
    const { pids, folders } = await eventually(() => JSON.parse(readFileSync(report, 'utf8')) as Left, {
      timeoutMs: 30_000,
    });
    expect(pids.map(isAlive)).toEqual([true, true, true, true]);
    await starter.kill(signal);
    await eventually(() => {
      expect(pids.filter(isAlive)).toEqual([]);
      expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
    });
  },
);

test('a process ends with its test', async () => {
  const { pid } = startProcess('sleep', ['600']);
  expect(isAlive(pid)).toBe(true);
  ended.push(pid);
});

const ended: number[] = [];

test('as the test before this one shows', () => {
  expect(ended.map(isAlive)).toEqual([false]);
});

test('a process that ignores SIGTERM is killed by stop, and told of', async () => {
  const deaf = startProcess('sh', ['-c', 'trap "" TERM; echo deaf; while :; do sleep 0.1; done']);
  await eventually(() => expect(deaf.output()).toContain('deaf'));
  await expect(deaf.stop({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'not-stopped' });
  expect(isAlive(deaf.pid)).toBe(false);
});

test('a program that does not exist has ended', async () => {
  const none = startProcess('no-such-program', []);
  expect(await none.exit).toEqual({ code: -1, signal: null });
  expect(none.output()).toContain('ENOENT');
});

test('a process does not get REDIS_URL', async () => {
  process.env.REDIS_URL = 'redis://somebody-elses:6379';
  const child = startProcess('sh', ['-c', 'echo "url=$REDIS_URL"']);
  await child.exit;
  process.env.REDIS_URL = '';
  expect(child.output()).toBe('url=\n');
});

test('the embedded server of a killed studio ends with the test', async () => {
  const studio = await startStudio();
  left.push(studio.redisPid ?? 0);
  await studio.kill();
  expect(left.map(isAlive)).toEqual([true]);
});

const left: number[] = [];

test('also as the test before this one shows', () => {
  expect(left.map(isAlive)).toEqual([false]);
});
