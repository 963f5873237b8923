import { readFileSync } from 'node:fs';
import type { ServerFiles } from './folder.ts';

/** Names the process that seems to hold the lock, as far as the pid file tells: " (process 123)". */
export function holderOf(files: ServerFiles): string {
  try {
    const pid = Number(readFileSync(files.pid, 'utf8'));
    if (!Number.isInteger(pid) || pid <= 0) return '';
    process.kill(pid, 0);
    return ` (process ${pid})`;
  } catch {
    // No such file, or that process is gone: a rewrite of the append-only file outlived it for a moment.
    return '';
  }
}
