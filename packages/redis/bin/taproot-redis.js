#!/usr/bin/env node
// Starts the command: from its sources inside the workspace, from `dist` when installed. Plain JavaScript that also runs on
// Node 20, which many machines have: in a fresh checkout it goes on under the Node 24 that the workspace brings along.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = [22, 18];
const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), '..');
const ROOT = join(PACKAGE, '../..');

// Only the workspace has this file; what is published has no use for it.
if (existsSync(join(PACKAGE, 'tsconfig.json'))) runSources();
else await runBuilt();

function runSources() {
  const node = [process.execPath, join(ROOT, 'node_modules/node/bin/node')].find(
    (program) => program !== process.execPath || isAtLeast(24, 0),
  );
  if (node !== process.execPath && !existsSync(node)) {
    fail(`needs Node 24, and this is ${process.version}; npm install in ${ROOT} brings it along`);
    return;
  }
  const main = join(PACKAGE, 'src/cli/main.ts');
  const child = spawn(node, ['--conditions=@taproot/source', main, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`could not start ${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exitCode = code;
    else endBy(signal);
  });
}

async function runBuilt() {
  if (isAtLeast(...OLDEST_NODE)) await import('../dist/cli/main.js');
  else fail(`needs Node ${OLDEST_NODE.join('.')} or later, and this is ${process.version}`);
}

function isAtLeast(major, minor) {
  const [ourMajor, ourMinor] = process.versions.node.split('.').map(Number);
  return ourMajor > major || (ourMajor === major && ourMinor >= minor);
}

/** As the child ended, so that the shell sees the same. */
function endBy(signal) {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // In case the signal is ignored.
  process.exitCode = 128 + constants.signals[signal];
}

function fail(message) {
  console.error(`taproot-redis: ${message}`);
  process.exitCode = 2;
}
