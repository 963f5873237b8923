import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Environment, EnvironmentError } from './environment.ts';

const MIN_BYTES = 32;

/** The key of the sessions' hashes: SESSION_SECRET, or on loopback one that is made once in the data folder, mode 0600. */
export async function sessionSecret({ sessionSecret: given, dataDir }: Environment): Promise<Uint8Array> {
  if (given !== undefined) return Buffer.from(given);
  const file = join(dataDir, 'session-secret');
  try {
    await makeFolder(resolve(dataDir));
    const secret = (await readIfThere(file)) ?? (await make(file));
    if (secret.length >= MIN_BYTES) return secret;
  } catch (error) {
    throw new EnvironmentError(`The data folder ${dataDir} cannot be used: ${reasonOf(error)}`);
  }
  throw new EnvironmentError(
    `${file} holds no session secret; remove it, and everybody has to sign in again`,
  );
}

/** Step by step: where nothing can be made, as in /proc, a recursive `mkdir` never comes back. */
async function makeFolder(path: string): Promise<void> {
  try {
    return await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') {
      if (await isFolder(path)) return;
      throw error;
    }
  }
  await makeFolder(dirname(path));
  await mkdir(path, { mode: 0o700 }).catch(async (error: unknown) => {
    // Of two processes that start at once the other one may have made it.
    if (!(await isFolder(path))) throw error;
  });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Appears whole or not at all, also on a full disk; of two processes that start at once the first one's stays. */
async function make(file: string): Promise<Uint8Array> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeFile(draft, randomBytes(48).toString('base64'), { mode: 0o600, flag: 'wx' });
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  return await readFile(file);
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of its path is not a folder',
  EEXIST: 'it is not a folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'its path cannot be made',
};

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code && REASONS[code]) ?? message;
}
