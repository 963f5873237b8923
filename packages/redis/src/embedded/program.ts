import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { RedisManagerError } from '../errors.ts';
import { OLDEST_REDIS } from '../version.ts';
import { startFailure } from './failure.ts';

const run = promisify(execFile);

/** Where a program lies on PATH, if it does. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name);
    try {
      await access(file, constants.X_OK);
      // A name relative to wherever we happen to be is none to execute.
      if (isAbsolute(folder) && (await stat(file)).isFile()) return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** The server program: the option, REDIS_SERVER_BIN, then redis-server or valkey-server on PATH; checked for its version. */
export async function serverProgram(option: string | undefined): Promise<string> {
  const named = option ?? (process.env.REDIS_SERVER_BIN || undefined);
  if (named !== undefined) return fitProgram(named);
  let unfit: unknown;
  for (const name of ['redis-server', 'valkey-server']) {
    const program = await findProgram(name);
    try {
      if (program !== undefined) return await fitProgram(program);
    } catch (error) {
      unfit ??= error;
    }
  }
  if (unfit !== undefined) throw unfit;
  throw startFailure(
    'There is no redis-server or valkey-server on this machine; install one: ' +
      'apt-get install redis-server (Debian, Ubuntu) or brew install redis (macOS)',
    false,
  );
}

/** The program, by its path: what runs later must be what told its version. */
async function fitProgram(named: string): Promise<string> {
  const program = named.includes('/') ? resolve(named) : ((await findProgram(named)) ?? named);
  const { stdout } = await run(program, ['--version'], { timeout: 10_000 }).catch((error: unknown) => {
    throw startFailure(`${program} cannot be run`, false, error);
  });
  checkProgramVersion(stdout, program);
  return program;
}

/** Reads `Redis server v=7.0.15 …` and `Valkey server v=8.0.1 …`. Throws `version-unsupported`. */
export function checkProgramVersion(output: string, program: string): void {
  const [, product, major, minor] = /(Redis|Valkey) server v=(\d+)\.(\d+)/i.exec(output) ?? [];
  if (product === undefined) throw startFailure(`${program} is not a Redis or Valkey server`, false);
  const [oldestMajor, oldestMinor] = OLDEST_REDIS;
  const tooOld =
    Number(major) < oldestMajor || (Number(major) === oldestMajor && Number(minor) < oldestMinor);
  if (!tooOld) return;
  throw new RedisManagerError(
    `${program} is version ${major}.${minor}; Taproot needs ${OLDEST_REDIS.join('.')} or later`,
    { code: 'version-unsupported', retryable: false, applied: 'no' },
  );
}
