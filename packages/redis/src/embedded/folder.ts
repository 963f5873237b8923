import { createHash } from 'node:crypto';
import { access, chmod, constants, lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisManagerError } from '../errors.ts';

/** Where an embedded server keeps what. */
export interface ServerFiles {
  readonly folder: string;
  readonly data: string;
  readonly config: string;
  readonly lock: string;
  readonly log: string;
  readonly pid: string;
  readonly socket: string;
}

/** `sockaddr_un` holds 108 bytes on Linux and 104 on macOS. */
const MAX_SOCKET_PATH_BYTES = 100;

/** Makes the data folder, private to this user, and says where everything is. Rejects `embedded-data-folder`. */
export async function prepareFolder(dataDir: string): Promise<ServerFiles> {
  await privateFolder(dataDir);
  const folder = await realpath(dataDir);
  const data = join(folder, 'data');
  await privateFolder(data);
  return {
    folder,
    data,
    config: join(folder, 'redis.conf'),
    lock: join(folder, 'redis.lock'),
    log: join(folder, 'redis.log'),
    pid: join(folder, 'redis.pid'),
    socket: await socketPath(folder),
  };
}

async function socketPath(folder: string): Promise<string> {
  const path = join(folder, 'redis.sock');
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path;
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const runtime = join(
    process.env.XDG_RUNTIME_DIR || tmpdir(),
    `taproot-${process.getuid?.() ?? 'user'}-${hash}`,
  );
  await privateFolder(runtime);
  return join(runtime, 'redis.sock');
}

/** A folder of ours that nobody else may enter. Another user could have put one, or a link, into a shared place. */
async function privateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const link = await lstat(path);
    const { uid, mode } = await stat(path);
    const us = process.getuid?.();
    if (us !== undefined && (uid !== us || link.uid !== us))
      throw unusable(path, 'it belongs to another user');
    if ((mode & 0o077) !== 0) await chmod(path, 0o700);
    await access(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw error instanceof RedisManagerError ? error : unusable(path, reasonOf(error), error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of its path is not a folder',
  EEXIST: 'it is not a folder',
  ENOSPC: 'the disk is full',
  ENOENT: 'its path cannot be made',
};

function reasonOf(error: unknown): string {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? code;
}

function unusable(path: string, reason: string, cause?: unknown): RedisManagerError {
  return new RedisManagerError(`The data folder ${path} cannot be used: ${reason}`, {
    code: 'embedded-data-folder',
    retryable: false,
    applied: 'no',
    cause,
  });
}
