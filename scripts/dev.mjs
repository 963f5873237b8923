// `npm run dev`: the studio and its page, both begun anew on every change. Ctrl-C ends both.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT, VITE } from './setup/places.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const children = [
  start([VITE, 'build', 'apps/studio/web', '--watch', '--clearScreen', 'false']),
  start([
    '--watch',
    '--watch-preserve-output',
    '--conditions=@taproot/source',
    join('apps', 'studio', 'src', 'main.ts'),
  ]),
];

let ending = false;
for (const signal of SIGNALS) process.on(signal, () => end(signal));
for (const child of children) {
  child.on('exit', (code) => {
    // One of the two is of no use without the other.
    if (!ending) process.exitCode = code || 1;
    end('SIGTERM');
  });
}

function start(args) {
  // In a process group of its own: Ctrl-C would otherwise reach the studio twice, from the terminal and from Node's watcher,
  // and its second signal means "at once".
  return spawn(process.execPath, args, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

function end(signal) {
  if (ending) return;
  ending = true;
  for (const child of children) child.kill(signal);
}
