import {
  eventually,
  faultProxy,
  startProcess,
  startRedis,
  startSentinel,
  temporaryFolder,
} from '@taproot/testkit';
import { describe, expect, test } from 'vitest';
import { COMMAND, taprootRedis } from './support.ts';

describe('what cannot be looked into is one sentence with status 2', () => {
  async function sentence(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
    const { status, stdout, stderr } = await taprootRedis(args, { env });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^taproot-redis: [^\n]+\n$/);
    expect(stderr).not.toContain('hunter2');
    return stderr;
  }

  test('a server that is not there', async () => {
    const redis = await startRedis();
    await redis.kill();
    expect(await sentence(['inspect', `redis://ann:hunter2@127.0.0.1:${redis.port}`])).toMatch(
      /127.0.0.1:\d+: refuses connections/,
    );
    expect(
      await sentence(['inspect', '--json'], { REDIS_URL: `redis://:hunter2@127.0.0.1:${redis.port}` }),
    ).toMatch(/refuses/);
    expect(await sentence(['inspect', 'redis://:hunter2@nowhere.invalid'])).toMatch(/does not resolve/);
  });

  test('a server that does not answer', async () => {
    const redis = await startRedis();
    redis.freeze();
    expect(await sentence(['inspect', `redis://ann:hunter2@127.0.0.1:${redis.port}`])).toMatch(
      /did not answer/,
    );
    redis.thaw();
  });

  test('a password that is wrong or missing', async () => {
    const redis = await startRedis({ args: ['--requirepass', 'right'] });
    expect(await sentence(['inspect', `redis://:hunter2@127.0.0.1:${redis.port}`])).toMatch(
      /refuses the user name or the password/,
    );
    expect(await sentence(['inspect', redis.url])).toMatch(/wants a password/);
  });

  test('no Redis named, and none embedded', async () => {
    const cwd = temporaryFolder();
    const { status, stderr } = await taprootRedis(['inspect'], { cwd });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(/No Redis to look into: give a URL/),
    });
    expect(await sentence(['inspect', '--data', cwd])).toMatch(/No embedded Redis is running on the folder/);
  });

  test('a Sentinel, which names the URL to take instead', async () => {
    const { url, sentinelPorts } = await startSentinel({ replicas: 1 });
    expect(await sentence(['inspect', `redis://127.0.0.1:${sentinelPorts[0]}`])).toMatch(
      /is a Sentinel.*redis\+sentinel:\/\//,
    );
    expect(await taprootRedis(['inspect', url])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/master/),
    });
  });
});

test('a password in the URL is in nothing that is printed', async () => {
  const redis = await startRedis({ args: ['--requirepass', 'hunter2'] });
  const url = `redis://:hunter2@127.0.0.1:${redis.port}`;
  for (const args of [[], ['--json'], ['--json', '--show-names'], ['--strict']]) {
    const { stdout, stderr } = await taprootRedis(['inspect', url, ...args]);
    expect(stdout).toContain(String(redis.port));
    expect(stdout + stderr).not.toContain('hunter2');
  }
});

test('a signal ends it at once, as the shell expects', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: { port: redis.port } });
  proxy.blackhole();
  const command = startProcess(process.execPath, [...COMMAND, 'inspect', proxy.url]);
  await eventually(() => expect(proxy.connections).toBeGreaterThan(0));
  command.signal('SIGINT');
  expect(await command.exit).toEqual({ code: null, signal: 'SIGINT' });
  expect(command.output()).toBe('');
});
