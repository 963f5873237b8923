import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRedis, type TestRedis, temporaryFolder } from '@taproot/testkit';
import { describe, expect, test } from 'vitest';
import type { InspectReport } from '../../src/index.ts';
import { taprootRedis } from './support.ts';

const SOURCE = new URL('../../src/index.ts', import.meta.url).href;

async function jsonOf(url: string, ...args: string[]): Promise<InspectReport> {
  const { status, stdout, stderr } = await taprootRedis(['inspect', url, '--json', ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

async function filled(redis: TestRedis): Promise<void> {
  await redis.cli('SET', 'user:4711:profile', 'x'.repeat(100));
  await redis.cli('SET', 'user:4712:profile', 'x'.repeat(100));
  await redis.cli('SET', 'shop:cart:a-secret-cart-id', '1', 'PX', '600000');
  await redis.cli('SET', 'bull:mail:1', '1');
}

function keyspacesFile(): string {
  const file = join(temporaryFolder(), 'keyspaces.ts');
  writeFileSync(
    file,
    `import { defineKeyspace } from '${SOURCE}';
     defineKeyspace({ template: 'shop:cart:<id>', owner: 'carts', type: 'string', ttlMs: 1000, evictable: true });
     defineKeyspace({ template: 'user:<id>:profile', owner: 'accounts', type: 'string', noTtlBecause: 'Users stay.', evictable: false });`,
  );
  return file;
}

test('a report for people has no colours without a terminal, and masks ids', async () => {
  const redis = await startRedis();
  await filled(redis);
  const { status, stdout, stderr } = await taprootRedis(['inspect', redis.url]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).not.toMatch(/[^\P{Cc}\n]/u);
  for (const part of [
    `Redis ${await versionOf(redis)} at 127.0.0.1:${redis.port}`,
    'Connections  1 open',
    'user:*:profile',
    'BullMQ',
    'Findings',
  ]) {
    expect(stdout).toContain(part);
  }
  expect(stdout).not.toMatch(/4711|a-secret-cart-id/);
  expect((await taprootRedis(['inspect', redis.url, '--show-names'])).stdout).toMatch(/user:471[12]:profile/);
});

test('the URL comes from REDIS_URL too, and nothing is written to the server', async () => {
  const redis = await startRedis();
  await filled(redis);
  const before = [
    await redis.cli('DBSIZE'),
    await redis.cli('INFO', 'persistence').then((info) => /rdb_changes_since_last_save:\d+/.exec(info)?.[0]),
  ];
  expect(await taprootRedis(['inspect'], { env: { REDIS_URL: redis.url } })).toMatchObject({ status: 0 });
  expect([
    await redis.cli('DBSIZE'),
    await redis.cli('INFO', 'persistence').then((info) => /rdb_changes_since_last_save:\d+/.exec(info)?.[0]),
  ]).toEqual(before);
});

describe('--strict', () => {
  test('ends with 1 while keys have no owner, lack their TTL or have another type, and with 0 when all is as declared', async () => {
    const redis = await startRedis();
    await filled(redis);
    const file = keyspacesFile();
    const strict = async (): Promise<number | undefined> =>
      (await taprootRedis(['inspect', redis.url, '--strict', '--keyspaces', file])).status;
    expect(await strict()).toBe(0);
    expect((await taprootRedis(['inspect', redis.url, '--strict'])).status).toBe(1);
    for (const wrong of [
      ['SET', 'nobodys', '1'],
      ['SET', 'shop:cart:2', '1'],
      ['RPUSH', 'user:1:profile', '1'],
    ]) {
      await redis.cli(...wrong);
      expect(await strict()).toBe(1);
      await redis.cli('DEL', wrong[1] ?? '');
    }
    expect(await strict()).toBe(0);
  });

  test('ends with 2 where it may not look at the keys', async () => {
    const redis = await startRedis();
    await redis.cli('ACL', 'SETUSER', 'blind', 'on', '>pw', '~*', '+@connection', '+info');
    const { status, stderr } = await taprootRedis([
      'inspect',
      `redis://blind:pw@127.0.0.1:${redis.port}`,
      '--strict',
    ]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(/^taproot-redis: --strict.*SCAN.*\n$/),
    });
  });
});

test('a declared keyspace is told by its template and owner', async () => {
  const redis = await startRedis();
  await filled(redis);
  const { keys } = await jsonOf(redis.url, '--keyspaces', keyspacesFile());
  expect(keys?.keyspaces.map(({ name, owner, keys }) => [name, owner, keys]).sort()).toEqual([
    ['bull:*', 'BullMQ', 1],
    ['shop:cart:<id>', 'carts', 1],
    ['user:<id>:profile', 'accounts', 2],
  ]);
  expect(keys).toMatchObject({ unowned: { keys: 0 }, withoutTtl: [], complete: true });
});

describe('a restricted user', () => {
  test('is told what was refused, and gets the rest', async () => {
    const redis = await startRedis();
    await filled(redis);
    await redis.cli(
      'ACL',
      'SETUSER',
      'few',
      'on',
      '>pw',
      '~*',
      '+@read',
      '+@connection',
      '-client',
      '-memory|usage',
      '+dbsize',
    );
    const url = `redis://few:pw@127.0.0.1:${redis.port}`;
    const report = await jsonOf(url);
    expect(report.refused).toEqual([
      'CLIENT INFO',
      'CLIENT LIST',
      'CONFIG GET',
      'INFO',
      'MEMORY USAGE',
      'SLOWLOG',
    ]);
    expect(report).toMatchObject({ keys: { total: 4 } });
    expect(report.keys).not.toHaveProperty('memory');
    expect(report).not.toHaveProperty('connections');
    const { status, stdout } = await taprootRedis(['inspect', url]);
    expect(status).toBe(0);
    expect(stdout).toContain('Refused by the server: CLIENT INFO, CLIENT LIST');
    expect(stdout).toContain('the server does not tell sizes');
    expect(stdout).not.toMatch(/undefined|NaN|Infinity/);
  });

  test('of some keys still learns the sizes of those', async () => {
    const redis = await startRedis();
    await filled(redis);
    await redis.cli('ACL', 'SETUSER', 'half', 'on', '>pw', '~user:*', '+@all');
    const { keys, refused } = await jsonOf(`redis://half:pw@127.0.0.1:${redis.port}`);
    expect(refused).toEqual(['MEMORY USAGE of some keys', 'PTTL of some keys', 'TYPE of some keys']);
    const users = keys?.keyspaces.find(({ name }) => name === 'user:*:profile');
    expect(users).toMatchObject({ keys: 2, measured: 2, staying: 2, memory: { marginBytes: 0 } });
    expect(keys?.keyspaces.find(({ name }) => name === 'bull:*')).toMatchObject({ keys: 1, measured: 0 });
  });
});

async function versionOf(redis: TestRedis): Promise<string> {
  return /redis_version:(\S+)/.exec(await redis.cli('INFO', 'server'))?.[1] ?? '';
}
