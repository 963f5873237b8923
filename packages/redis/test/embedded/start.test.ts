import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { eventually, temporaryFolder } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { command, embedded, environment, owner, pidOf, program, serverProcesses } from './setup.ts';

test('the first to ask starts the server, the next finds it running', async () => {
  const folder = temporaryFolder();
  expect(await embedded(folder).ensure()).toBe('started');
  expect(await embedded(folder).ensure()).toBe('running');
  expect(serverProcesses(folder)).toHaveLength(1);
});

test('the server writes each command to disk, evicts nothing, has a memory limit and no TCP port', async () => {
  const folder = temporaryFolder();
  const server = embedded(folder, { maxMemoryBytes: 64 * 2 ** 20 });
  await server.ensure();
  const setting = async (name: string): Promise<unknown> =>
    ((await command(server.socketPath, 'CONFIG', 'GET', name)) as string[])[1];
  expect(await setting('appendonly')).toBe('yes');
  expect(await setting('appendfsync')).toBe('always');
  expect(await setting('maxmemory')).toBe(String(64 * 2 ** 20));
  expect(await setting('maxmemory-policy')).toBe('noeviction');
  expect(await setting('port')).toBe('0');
  expect(await setting('save')).toBe('');
});

test('folder, socket, configuration, lock and log are for this user only', async () => {
  const folder = temporaryFolder();
  const server = embedded(join(folder, 'new', 'data folder'));
  await server.ensure();
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
  expect(modeOf(server.dataDir)).toBe('700');
  expect(modeOf(join(server.dataDir, 'data'))).toBe('700');
  for (const name of ['redis.conf', 'redis.sock', 'redis.lock', 'redis.log'])
    expect(`${name} ${modeOf(join(server.dataDir, name))}`).toBe(`${name} 600`);
});

test('secrets in the starter’s environment do not stay with the server', async () => {
  const folder = temporaryFolder();
  environment({ MODEL_API_KEY: 'sesame' });
  const serverBin = program('redis-server', 'Redis server v=7.0.15', 'env; exit 1');
  await embedded(folder, { serverBin })
    .ensure()
    .catch(() => undefined);
  const log = readFileSync(join(folder, 'redis.log'), 'utf8');
  expect(log).toContain('PATH=');
  expect(log).not.toContain('sesame');
});

test('many that ask at the same time get one server', async () => {
  const folder = temporaryFolder();
  const here = [1, 2, 3].map(() => embedded(folder));
  const there = [owner(folder), owner(folder)];
  const answers = await Promise.all(here.flatMap((server) => [server.ensure(), server.ensure()]));
  await eventually(() => {
    for (const process of there) expect(process.output()).toMatch(/^(started|running)\n$/);
  });
  const all = [...answers, ...there.map((process) => process.output().trim())];
  expect(serverProcesses(folder)).toHaveLength(1);
  expect(new Set(all).has('started')).toBe(true);
  expect(readFileSync(join(folder, 'redis.log'), 'utf8').match(/is starting/g)).toHaveLength(1);
});

test.each([
  'with space',
  'quote"s and \'s',
  'back\\slash',
  'tab\tand\nnewline',
  'ü ⚘',
  '#hash',
  '$(no) `shell`',
])('a data folder may be called %j', async (name) => {
  const folder = temporaryFolder();
  const dataDir = join(folder, name);
  mkdirSync(dataDir);
  const server = embedded(dataDir);
  await server.ensure();
  expect(await command(server.socketPath, 'CONFIG', 'GET', 'dir')).toEqual([
    'dir',
    realpathSync(join(dataDir, 'data')),
  ]);
  await command(server.socketPath, 'SHUTDOWN', 'NOSAVE').catch(() => undefined);
});

test('where the path is too long for a socket, the socket is in a private folder and a link leads to it', async () => {
  const folder = temporaryFolder();
  const runtime = temporaryFolder();
  const dataDir = join(folder, 'x'.repeat(100));
  environment({ XDG_RUNTIME_DIR: runtime });
  const server = embedded(dataDir);
  onTestFinished(async () => void (await command(server.socketPath, 'SHUTDOWN').catch(() => undefined)));
  await server.ensure();
  expect(server.socketPath.startsWith(`${runtime}/taproot-`)).toBe(true);
  expect(lstatSync(join(server.socketPath, '..')).mode & 0o777).toBe(0o700);
  expect(realpathSync(join(dataDir, 'redis.sock'))).toBe(realpathSync(server.socketPath));
  // A process with another environment finds the same server by the link.
  environment({ XDG_RUNTIME_DIR: undefined, TMPDIR: temporaryFolder() });
  const other = embedded(dataDir);
  expect(await other.ensure()).toBe('running');
  expect(other.socketPath).toBe(server.socketPath);
});

test('a socket that a killed server left is no server', async () => {
  const folder = temporaryFolder();
  const server = embedded(folder);
  await server.ensure();
  process.kill(pidOf(folder), 'SIGKILL');
  await eventually(() => expect(serverProcesses(folder)).toEqual([]));
  expect(existsSync(server.socketPath)).toBe(true);
  expect(await embedded(folder).ensure()).toBe('started');
});

test('what was acknowledged is there after SIGKILL', async () => {
  const folder = temporaryFolder();
  const server = embedded(folder);
  await server.ensure();
  await command(server.socketPath, 'SET', 'kept', 'yes');
  process.kill(pidOf(folder), 'SIGKILL');
  await eventually(async () => {
    await server.ensure();
    expect(await command(server.socketPath, 'GET', 'kept')).toBe('yes');
  });
});

test('a start that nobody waits for any more is taken back', async () => {
  const folder = temporaryFolder();
  // It never opens its socket, and notes when it is asked to end.
  const slow = program(
    'redis-server',
    'Redis server v=7.0.15',
    `trap 'echo told; exit 0' TERM; echo up; while :; do sleep 0.1; done`,
  );
  const leaving = new AbortController();
  const start = embedded(folder, { serverBin: slow }).ensure(leaving.signal);
  const log = (): string => readFileSync(join(folder, 'redis.log'), 'utf8');
  await eventually(() => expect(log()).toBe('up\n'));
  leaving.abort();
  await expect(start).rejects.toMatchObject({ code: 'aborted', applied: 'no' });
  await eventually(() => expect(log()).toBe('up\ntold\n'));
  expect(await embedded(folder).ensure()).toBe('started');
});

test('one caller’s abort leaves the other callers their start', async () => {
  const folder = temporaryFolder();
  const server = embedded(folder);
  const leaving = new AbortController();
  const [left, stayed] = [server.ensure(leaving.signal), server.ensure()];
  leaving.abort();
  await expect(left).rejects.toMatchObject({ code: 'aborted' });
  expect(await stayed).toMatch(/started|running/);
});

test('after close() nothing is started any more, and what runs is left running', async () => {
  const folder = temporaryFolder();
  const server = embedded(folder);
  await server.ensure();
  await server.close();
  await expect(server.ensure()).rejects.toMatchObject({ code: 'closed' });
  expect(await command(server.socketPath, 'PING')).toBe('PONG');
});

test('a long log is put aside at the next start', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'redis.log'), 'x'.repeat(8 * 2 ** 20 + 1));
  await embedded(folder).ensure();
  expect(statSync(join(folder, 'redis.log')).size).toBeLessThan(10_000);
  expect(statSync(join(folder, 'redis.log.1')).size).toBe(8 * 2 ** 20 + 1);
});
