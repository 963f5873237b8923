import { eventually } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { addressClass } from '../../src/inspect/client-list.ts';
import { clientOf, inspected } from './support.ts';

test('connections are told by their owner, and add up to what the server counts', async () => {
  const { redis, inspect } = await inspected();
  for (let n = 0; n < 3; n++) await clientOf(redis, 'shop:loan:bullmq');
  const blocked = await clientOf(redis, 'shop:blocking:mailer');
  await clientOf(redis, 'bull:mail:w:1234567890ab');
  await clientOf(redis);
  void blocked.blPop('none', 0).catch(() => undefined);
  await eventually(async () => expect(await redis.cli('CLIENT', 'LIST')).toMatch(/cmd=blpop/));
  const { connections } = await inspect();
  const told = connections?.owners.map(({ app, role, owner, connections }) => [
    app,
    role,
    owner,
    connections,
  ]);
  expect(told?.sort()).toEqual(
    [
      ['taproot', 'command', 'manager', 1],
      ['taproot', 'subscriber', 'manager', 1],
      ['shop', 'loan', 'bullmq', 3],
      ['shop', 'blocking', 'mailer', 1],
      [undefined, undefined, 'bull:mail:w:*', 1],
      [undefined, undefined, undefined, 1],
    ].sort(),
  );
  expect(connections).toMatchObject({
    total: 8,
    unnamed: 1,
    blocked: 1,
    mostOnOneServer: 8,
    maxClients: 10_000,
  });
});

test('their memory is the server’s own figure, and their age and idleness are those of the group', async () => {
  const { redis, inspect } = await inspected();
  const reader = await clientOf(redis, 'shop:loan:reader');
  await redis.cli('SET', 'big', 'x'.repeat(500_000));
  // A reply that nobody reads stays in the server's output buffer.
  await reader.sendCommand(['CLIENT', 'REPLY', 'ON']);
  const { connections } = await inspect();
  const list = await redis.cli('CLIENT', 'LIST');
  const memory = Number(/name=shop:loan:reader .*tot-mem=(\d+)/.exec(list)?.[1]);
  const group = connections?.owners.find(({ owner }) => owner === 'reader');
  expect(memory).toBeGreaterThan(0);
  expect(group?.memoryBytes).toBeGreaterThan(memory / 4);
  expect(group?.memoryBytes).toBeLessThan(memory * 4);
  expect(group?.oldestSeconds).toBeGreaterThanOrEqual(group?.idleSeconds ?? Infinity);
});

test('names that hold ids, and addresses, are not in the report', async () => {
  const { redis, inspect } = await inspected();
  await clientOf(redis, 'session:ann@example.com');
  await clientOf(redis, 'worker-4f9a8b7c6d5e4f3a2b1c');
  const report = JSON.stringify(await inspect());
  expect(report).not.toMatch(/ann@example|4f9a8b7c6d5e4f3a2b1c/);
  expect(report.replaceAll(`127.0.0.1:${redis.port}`, '')).not.toContain('127.0.0.1');
});

test('connections near the limit, refused ones and ones without a name are findings', async () => {
  const { redis, inspect } = await inspected(['--maxclients', '8']);
  for (let n = 0; n < 6; n++) await clientOf(redis).catch(() => undefined);
  await clientOf(redis).catch(() => undefined);
  const codes = (await inspect()).findings.map(({ code }) => code);
  expect(codes).toEqual(
    expect.arrayContaining(['connections-near-limit', 'connections-rejected', 'unnamed-connections']),
  );
});

test.each([
  ['127.0.0.1:50312', 'this machine'],
  ['[::1]:50312', 'this machine'],
  ['/tmp/redis.sock:0', 'unix socket'],
  ['10.1.2.3:1', 'private network'],
  ['172.31.0.1:1', 'private network'],
  ['172.32.0.1:1', 'other network'],
  ['192.168.0.1:1', 'private network'],
  ['100.64.0.1:1', 'private network'],
  ['[fd00::1]:1', 'private network'],
  ['[::ffff:10.0.0.1]:1', 'private network'],
  ['[2001:db8::1]:1', 'other network'],
  ['8.8.8.8:1', 'other network'],
])('a connection from %s is from: %s', (address, from) => {
  expect(addressClass(address)).toBe(from);
});
