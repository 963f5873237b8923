import { createHash } from 'node:crypto';
import { access, chmod, constants, lstat, mkdir, readlink, realpath, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { RedisManagerError } from '../errors.ts';
import { errnoOf, folderFailure, inWords, startFailure } from './failure.ts';

/** Where an embedded server keeps what. */
export interface ServerFiles {
  readonly folder: string;
  readonly data: string;
  readonly config: string;
  readonly lock: string;
  readonly log: string;
  readonly pid: string;
  /** Where a server that we start listens. */
  readonly socket: string;
  /** The same, or a link to it where the path in the data folder would be too long. */
  readonly link: string;
}

/** `sockaddr_un` holds 108 bytes on Linux and 104 on macOS. */
const MAX_SOCKET_PATH_BYTES = 100;

/** Makes the data folder, private to this user, and says where everything is. Rejects `embedded-data-folder`. */
export async function prepareFolder(dataDir: string): Promise<ServerFiles> {
  await privateFolder(dataDir);
  const folder = await realpath(dataDir);
  const data = join(folder, 'data');
  await privateFolder(data);
  const link = join(folder, 'redis.sock');
  return {
    folder,
    data,
    config: join(folder, 'redis.conf'),
    lock: join(folder, 'redis.lock'),
    log: join(folder, 'redis.log'),
    pid: join(folder, 'redis.pid'),
    socket: Buffer.byteLength(link) <= MAX_SOCKET_PATH_BYTES ? link : await runtimeSocket(folder),
    link,
  };
}

async function runtimeSocket(folder: string): Promise<string> {
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const name = `taproot-${process.getuid?.() ?? 'user'}-${hash}`;
  for (const place of [await runtimeDir(), tmpdir(), '/tmp']) {
    const socket = place && join(place, name, 'redis.sock');
    if (!socket || Buffer.byteLength(socket) > MAX_SOCKET_PATH_BYTES) continue;
    await privateFolder(dirname(socket));
    return socket;
  }
  throw folderFailure(folder, `its path is too long for a socket, and so is ${tmpdir()}`);
}

/** What sudo leaves of another user's session is not ours: its owner could exchange what we put there. */
async function runtimeDir(): Promise<string | undefined> {
  const dir = process.env.XDG_RUNTIME_DIR;
  if (!dir || !isAbsolute(dir)) return undefined;
  const found = await lstat(dir).catch(() => undefined);
  return found?.isDirectory() && found.uid === process.getuid?.() ? dir : undefined;
}

/**
 * Where the running server is to be reached. Whoever started it may have had another XDG_RUNTIME_DIR or TMPDIR than we;
 * the link that it left tells.
 */
export async function currentSocket(files: ServerFiles): Promise<string> {
  const socket = await readlink(files.link).catch(() => files.socket);
  const place = dirname(socket);
  if (socket === files.socket || (await lstat(place).catch(() => undefined)) === undefined)
    return files.socket;
  await privateFolder(place);
  return socket;
}

/** A folder of ours that nobody else may enter. Another user could have put one, or a link, into a shared place. */
async function privateFolder(path: string): Promise<void> {
  try {
    await makeFolder(path);
    const link = await lstat(path);
    const { uid, mode } = await stat(path);
    const us = process.getuid?.();
    if (us !== undefined && (uid !== us || link.uid !== us))
      throw folderFailure(path, `it belongs to user ${uid === us ? link.uid : uid}, and we are user ${us}`);
    if ((mode & 0o077) !== 0) await chmod(path, 0o700);
    await access(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof RedisManagerError) throw error;
    // Space comes back by itself; the other reasons wait for somebody.
    if (['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? ''))
      throw startFailure(`The embedded Redis could not be started: ${inWords(error)} (${path})`, true, error);
    throw folderFailure(path, inWords(error), error);
  }
}

/** As `mkdir -p`, but step by step: where nothing can be made, as in /proc, Node's recursive `mkdir` never comes back. */
async function makeFolder(path: string): Promise<void> {
  try {
    await makeOne(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await makeOne(path);
  }
}

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
  }
}
