import { existsSync, readFileSync } from 'node:fs';

/** Whether a process with this id runs. One that has ended, but was not yet waited for by its parent, does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc/self') || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
