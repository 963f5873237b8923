import { RedisManagerError } from '../errors.ts';

/** The server could not be started: this time (`retryable`), or until somebody changes something. */
export function startFailure(message: string, retryable: boolean, cause?: unknown): RedisManagerError {
  return new RedisManagerError(message, { code: 'embedded-failed', retryable, applied: 'no', cause });
}

/** The data folder, or the folder of the socket, cannot be used as it is. */
export function folderFailure(path: string, reason: string, cause?: unknown): RedisManagerError {
  return new RedisManagerError(`The data folder ${path} cannot be used: ${reason}`, {
    code: 'embedded-data-folder',
    retryable: false,
    applied: 'no',
    cause,
  });
}

/** The code of an operating system's error, such as ENOENT. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : undefined;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of its path is not a folder',
  EEXIST: 'it is not a folder',
  ELOOP: 'its links go round in circles',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'its path cannot be made',
  ENAMETOOLONG: 'its name is too long',
};

/** What an operating system's error means, in words. */
export function inWords(error: unknown): string {
  const code = errnoOf(error);
  return (code && REASONS[code]) ?? code ?? String(error);
}
