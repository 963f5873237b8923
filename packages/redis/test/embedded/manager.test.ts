import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, temporaryFolder } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { createRedisManager, type RedisManager, type RedisManagerOptions } from '../../src/index.ts';
import { FULL_DISKS } from './full-disk.ts';
import { command, embedded, owner, pidOf, serverProcesses } from './setup.ts';

function managerOn(dataDir: string, options: RedisManagerOptions = {}): RedisManager {
  const manager = createRedisManager({ dataDir, env: {}, ...options });
  onTestFinished(() => manager.close());
  return manager;
}

test('without a URL a manager has a server of its own, which ends with it', async () => {
  const folder = temporaryFolder();
  const manager = managerOn(folder);
  await manager.ready({ timeoutMs: 10_000 });
  expect(manager.node).toBe(`unix:${join(folder, 'redis.sock')}`);
  await manager.close();
  await eventually(() => expect(serverProcesses(folder)).toEqual([]));
  expect(readFileSync(join(folder, 'redis.log'), 'utf8')).toContain('bye bye');
});

test('told to keep it running, a manager leaves the server for the next, which finds the data', async () => {
  const folder = temporaryFolder();
  const first = managerOn(folder, { keepRunning: true });
  await first.ready({ timeoutMs: 10_000 });
  await first.call(['SET', 'kept', 'yes']);
  const pid = pidOf(folder);
  await first.close();
  const second = managerOn(folder);
  await second.ready({ timeoutMs: 10_000 });
  expect(pidOf(folder)).toBe(pid);
  expect(await second.call(['GET', 'kept'])).toBe('yes');
});

test('a killed server is started again by its manager, with all that was acknowledged', async () => {
  const folder = temporaryFolder();
  const manager = managerOn(folder);
  await manager.ready({ timeoutMs: 10_000 });
  await manager.call(['SET', 'kept', 'yes']);
  const killed = pidOf(folder);
  // It may be back before anybody looks.
  const states: string[] = [];
  manager.on('state', ({ state }) => states.push(state));
  process.kill(killed, 'SIGKILL');
  await eventually(() => expect(states).toContain('down'));
  await manager.ready({ timeoutMs: 10_000 });
  expect(pidOf(folder)).not.toBe(killed);
  expect(await manager.call(['GET', 'kept'])).toBe('yes');
});

test('a second process attaches, and starts the server again after the first was killed', async () => {
  const folder = temporaryFolder();
  const first = owner(folder);
  await eventually(() => expect(first.output()).toBe('started\n'));
  const second = managerOn(folder);
  await second.ready({ timeoutMs: 10_000 });
  await first.kill('SIGKILL');
  await second.call(['PING']);
  const states: string[] = [];
  second.on('state', ({ state }) => states.push(state));
  process.kill(pidOf(folder), 'SIGKILL');
  await eventually(() => expect(states).toContain('down'));
  await second.ready({ timeoutMs: 10_000 });
});

test('the server stays while another manager owns it, and ends with the last', async () => {
  const folder = temporaryFolder();
  const [first, second] = [managerOn(folder), managerOn(folder, { allowSecond: true })];
  await Promise.all([first, second].map((manager) => manager.ready({ timeoutMs: 10_000 })));
  await first.close();
  await second.call(['PING']);
  expect(serverProcesses(folder)).toHaveLength(1);
  await second.close();
  await eventually(() => expect(serverProcesses(folder)).toEqual([]));
});

test('a frozen server is no reason to start another', async () => {
  const folder = temporaryFolder();
  const manager = managerOn(folder, { probeIntervalMs: 200 });
  await manager.ready({ timeoutMs: 10_000 });
  const pid = pidOf(folder);
  process.kill(pid, 'SIGSTOP');
  await eventually(() => expect(manager.state).toBe('down'));
  process.kill(pid, 'SIGCONT');
  await eventually(() => expect(manager.state).toBe('ready'));
  expect(pidOf(folder)).toBe(pid);
});

test('a manager that cannot start its server says why, at once', async () => {
  const manager = managerOn(temporaryFolder(), { serverBin: '/no/such/redis-server' });
  await expect(manager.ready({ timeoutMs: 10_000 })).rejects.toMatchObject({
    code: 'embedded-failed',
    message: expect.stringContaining('/no/such/redis-server'),
  });
  expect(manager.health()).toMatchObject({ state: 'down', reason: expect.stringContaining('/no/such') });
});

test('a server that another process started is used and left to it', async () => {
  const folder = temporaryFolder();
  const server = embedded(folder);
  await server.ensure();
  const manager = managerOn(folder, { keepRunning: true });
  await manager.ready({ timeoutMs: 10_000 });
  await manager.close();
  expect(await command(server.socketPath, 'PING')).toBe('PONG');
});

test.each(FULL_DISKS)('on a full disk a manager is down and says why (%o)', async (makeFull) => {
  const { dataDir, fill, free } = makeFull();
  const manager = managerOn(dataDir);
  await manager.ready({ timeoutMs: 10_000 });
  await manager.call(['SET', 'kept', 'yes']);
  const socketPath = manager.node.replace('unix:', '');
  await fill(socketPath).catch(() => undefined);
  await eventually(() =>
    expect(manager.health()).toMatchObject({
      state: 'down',
      reason: expect.stringContaining('the disk is full'),
      error: { code: 'embedded-failed' },
    }),
  );
  if (free === undefined) return;
  free();
  await manager.ready({ timeoutMs: 20_000 });
  expect(await manager.call(['GET', 'kept'])).toBe('yes');
});
