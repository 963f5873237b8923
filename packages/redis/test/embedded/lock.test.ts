import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, temporaryFolder } from '@taproot/testkit';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { findProgram } from '../../src/embedded/program.ts';
import { command, embedded, environment, owner, pidOf, serverProcesses } from './setup.ts';

/** A PATH that has only these programs, and what a shell needs. */
async function pathWith(...names: string[]): Promise<string> {
  const folder = temporaryFolder();
  for (const name of [...names, 'rm', 'ln']) {
    const program = await findProgram(name);
    if (program !== undefined) symlinkSync(program, join(folder, name));
  }
  return folder;
}

const server = process.env.REDIS_SERVER_BIN || 'redis-server';

describe.each(['flock', 'perl'])('locked by %s', (locker) => {
  beforeEach(async () => {
    vi.stubEnv('PATH', await pathWith(locker, server));
    return () => void vi.unstubAllEnvs();
  });

  test('a SIGKILL of the starter leaves the server and its lock', async () => {
    const folder = temporaryFolder();
    const first = owner(folder);
    await eventually(() => expect(first.output()).toBe('started\n'));
    const pid = pidOf(folder);
    await first.kill('SIGKILL');
    expect(await embedded(folder).ensure()).toBe('running');
    expect(pidOf(folder)).toBe(pid);
    // The socket's file is gone, the lock is not.
    rmSync(join(folder, 'redis.sock'));
    const second = embedded(folder, { startTimeoutMs: 1000 });
    await expect(second.ensure()).rejects.toMatchObject({ code: 'embedded-failed', retryable: true });
    expect(serverProcesses(folder)).toHaveLength(1);
  });

  test('a SIGKILL of the server releases the lock', async () => {
    const folder = temporaryFolder();
    await embedded(folder).ensure();
    const killed = pidOf(folder);
    process.kill(killed, 'SIGKILL');
    await eventually(async () => expect(await embedded(folder).ensure()).toBe('started'));
    expect(pidOf(folder)).not.toBe(killed);
  });

  test('a frozen server keeps its lock: a second one is refused, also without its socket’s file', async () => {
    const folder = temporaryFolder();
    await embedded(folder).ensure();
    const pid = pidOf(folder);
    process.kill(pid, 'SIGSTOP');
    onTestFinished(() => void process.kill(pid, 'SIGKILL'));
    expect(await embedded(folder).ensure()).toBe('running');
    rmSync(join(folder, 'redis.sock'));
    const second = embedded(folder, { startTimeoutMs: 1000 });
    await expect(second.ensure()).rejects.toThrow(new RegExp(`process ${pid}\\) holds .*redis.lock`));
    expect(serverProcesses(folder)).toHaveLength(1);
  });

  test('a SIGINT to the starter’s process group does not reach the server', async () => {
    const folder = temporaryFolder();
    const first = owner(folder);
    await eventually(() => expect(first.output()).toBe('started\n'));
    process.kill(-first.pid, 'SIGINT');
    expect(await first.exit).toMatchObject({ signal: 'SIGINT' });
    // It acts on signals ten times a second; whoever is told to wait for longer hears from a living server.
    const still = embedded(folder);
    expect(await still.ensure()).toBe('running');
    expect(await command(still.socketPath, 'BLPOP', 'nothing', '0.3')).toBeNull();
  });
});

test('a rewrite of the append-only file that outlives its server delays the next start and spoils nothing', async () => {
  const folder = temporaryFolder();
  const first = embedded(folder);
  await first.ensure();
  await command(first.socketPath, 'EVAL', "for i = 1, 3000 do redis.call('SET', 'k' .. i, i) end", '0');
  // Microseconds a key: the rewrite takes seconds.
  await command(first.socketPath, 'CONFIG', 'SET', 'rdb-key-save-delay', '2000');
  await command(first.socketPath, 'BGREWRITEAOF');
  await eventually(() => expect(serverProcesses(folder)).toHaveLength(2));
  process.kill(pidOf(folder), 'SIGKILL');
  const second = embedded(folder);
  expect(await second.ensure()).toBe('started');
  expect(serverProcesses(folder)).toHaveLength(1);
  expect(await command(second.socketPath, 'DBSIZE')).toBe(3000);
});

test('a flock that cannot become the server is passed over for perl', async () => {
  const path = await pathWith(server, 'perl');
  writeFileSync(join(path, 'flock'), '#!/bin/sh\necho "BusyBox v1.36.1 multi-call binary."; exit 1\n', {
    mode: 0o755,
  });
  const folder = temporaryFolder();
  environment({ PATH: path });
  expect(await embedded(folder).ensure()).toBe('started');
});

test('where there is neither flock nor perl, the error says so', async () => {
  const folder = temporaryFolder();
  environment({ PATH: await pathWith(server) });
  await expect(embedded(folder).ensure()).rejects.toMatchObject({
    code: 'embedded-failed',
    message: expect.stringMatching(/flock.*perl/),
  });
});
