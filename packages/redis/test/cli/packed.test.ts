import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startRedis, temporaryFolder } from '@taproot/testkit';
import { expect, test } from 'vitest';

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));
const ROOT = join(PACKAGE, '../..');
const run = promisify(execFile);
const { REDIS_URL: _, ...ENV } = process.env;

test('the command of the published package runs what was built, and the one of the checkout the sources', async () => {
  const redis = await startRedis();
  await redis.cli('SET', 'user:1', 'x');
  for (const bin of [await published(), join(PACKAGE, 'bin/taproot-redis.js')]) {
    const { stdout, stderr } = await run(process.execPath, [bin, 'inspect', redis.url, '--json'], {
      env: ENV,
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, keys: { total: 1 } });
    const version = (JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { version: string })
      .version;
    expect((await run(process.execPath, [bin, '--version'], { env: ENV })).stdout).toBe(
      `taproot-redis ${version}\n`,
    );
    await expect(run(process.execPath, [bin, 'inspect', 'x://'], { env: ENV })).rejects.toMatchObject({
      code: 2,
    });
  }
});

/** What `npm pack` takes by "files", without the sources, where an install would put it; built here, and not where others build. */
async function published(): Promise<string> {
  const modules = join(temporaryFolder(), 'node_modules');
  const folder = join(modules, '@taproot/redis');
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'bin'])
    cpSync(join(PACKAGE, file), join(folder, file), { recursive: true });
  const project = [
    '-p',
    PACKAGE,
    '--outDir',
    join(folder, 'dist'),
    '--tsBuildInfoFile',
    join(folder, 'tsbuildinfo'),
  ];
  await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...project]);
  for (const dependency of ['redis', '@redis'])
    symlinkSync(join(ROOT, 'node_modules', dependency), join(modules, dependency));
  expect(existsSync(join(folder, 'src'))).toBe(false);
  return join(folder, 'bin/taproot-redis.js');
}
