import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { RedisManagerError } from '../errors.ts';
import { OLDEST_REDIS } from '../version.ts';

const run = promisify(execFile);

/** Where a program lies on PATH, if it does. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name);
    try {
      await access(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** The server program: the option, REDIS_SERVER_BIN, then redis-server or valkey-server on PATH; checked for its version. */
export async function serverProgram(option: string | undefined): Promise<string> {
  const named = option ?? (process.env.REDIS_SERVER_BIN || undefined);
  const program = named ?? (await findProgram('redis-server')) ?? (await findProgram('valkey-server'));
  if (program === undefined) {
    throw failed(
      'There is no redis-server or valkey-server on this machine; install one: ' +
        'apt-get install redis-server (Debian, Ubuntu) or brew install redis (macOS)',
    );
  }
  const { stdout } = await run(program, ['--version'], { timeout: 10_000 }).catch((error: unknown) => {
    throw failed(`${program} cannot be run`, error);
  });
  checkProgramVersion(stdout, program);
  return program;
}

/** Reads `Redis server v=7.0.15 …` and `Valkey server v=8.0.1 …`. Throws `version-unsupported`. */
export function checkProgramVersion(output: string, program: string): void {
  const [, product, major, minor] = /(Redis|Valkey) server v=(\d+)\.(\d+)/i.exec(output) ?? [];
  if (product === undefined) throw failed(`${program} is not a Redis or Valkey server`);
  const [oldestMajor, oldestMinor] = OLDEST_REDIS;
  const tooOld =
    Number(major) < oldestMajor || (Number(major) === oldestMajor && Number(minor) < oldestMinor);
  if (!tooOld) return;
  throw new RedisManagerError(
    `${program} is version ${major}.${minor}; Taproot needs ${OLDEST_REDIS.join('.')} or later`,
    { code: 'version-unsupported', retryable: false, applied: 'no' },
  );
}

function failed(message: string, cause?: unknown): RedisManagerError {
  return new RedisManagerError(message, { code: 'embedded-failed', retryable: false, applied: 'no', cause });
}
