import { startProcess, temporaryFolder } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { createRedisManager } from '../../src/index.ts';
import { COMMAND, taprootRedis } from './support.ts';

test('the embedded server of a data folder is looked into while it runs, and is not started for that', async () => {
  const dataDir = temporaryFolder();
  const stopped = await taprootRedis(['inspect', '--data', dataDir]);
  expect(stopped).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringMatching(/No embedded Redis is running/),
  });
  const manager = createRedisManager({ dataDir, env: {}, allowSecond: true });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 10_000 });
  const { status, stdout } = await taprootRedis(['inspect', '--data', dataDir, '--strict']);
  expect(stdout).toContain('append-only file, on disk at every write');
  expect(stdout).toMatch(/manager +command +taproot/);
  // What the manager itself stores is declared.
  expect({ status, stdout }).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/taproot:deployment/),
  });
});

test('a reader that has read enough ends it quietly', async () => {
  const dataDir = temporaryFolder();
  const manager = createRedisManager({ dataDir, env: {}, allowSecond: true });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 10_000 });
  const words = [process.execPath, ...COMMAND, 'inspect', '--data', dataDir]
    .map((word) => `'${word}'`)
    .join(' ');
  const shell = startProcess('bash', ['-c', `${words} | head -n 1; echo "\${PIPESTATUS[0]}"`]);
  expect(await shell.exit).toMatchObject({ code: 0 });
  expect(shell.output()).toMatch(/^(Redis|Valkey) [^\n]+\n0\n$/);
});
