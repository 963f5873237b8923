/** Whether a process with this id runs (or is a zombie nobody waited for). */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
