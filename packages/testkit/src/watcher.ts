import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Something that must not outlive the test process: a process, the servers of a data folder, a folder. */
export type Watched = `process ${number}` | `redis ${string}` | `folder ${string}`;

const SCRIPT = join(import.meta.dirname, 'watcher.sh');

let watcher: ChildProcess | undefined;

/** Has `thing` ended when this process ends, also by SIGKILL. */
export function watch(thing: Watched): void {
  tell(`+ ${thing}\n`);
}

/** `thing` has ended by itself. */
export function unwatch(thing: Watched): void {
  tell(`- ${thing}\n`);
}

/** Ends `thing` now, and waits for it. */
export function endNow(thing: Watched): void {
  spawnSync('sh', [SCRIPT], { input: `+ ${thing}\n`, stdio: ['pipe', 'ignore', 'inherit'] });
  unwatch(thing);
}

function tell(line: string): void {
  watcher ??= startWatcher();
  watcher.stdin?.write(line);
}

/** In a session of its own, so that Ctrl-C in the terminal does not end the watcher before it has done its work. */
function startWatcher(): ChildProcess {
  const child = spawn('sh', [SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  const { stdin } = child;
  if (stdin !== null && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  // Only reachable when somebody killed the watcher; the tests themselves still tidy up after each other.
  stdin?.on('error', () => undefined);
  return child;
}
