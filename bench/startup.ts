import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { summary } from './summary.ts';

const RUNS = 7;
const MAIN = join(import.meta.dirname, '../apps/studio/src/main.ts');

/** From the start of the studio's process to `/readyz` 200, with a new data folder and with one that is there. */
export async function startup(): Promise<void> {
  const first: number[] = [];
  const again: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const data = await mkdtemp(join(tmpdir(), 'taproot-bench-'));
    try {
      first.push(await timeToReady(data));
      again.push(await timeToReady(data));
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  }
  console.log(`studio, process start to /readyz 200, ${RUNS} runs each, ms`);
  console.log(summary('new data folder', first));
  console.log(summary('existing data folder', again));
}

async function timeToReady(data: string): Promise<number> {
  const { REDIS_URL: _, ...env } = process.env;
  const startedAt = performance.now();
  const studio = spawn(process.execPath, ['--conditions=@taproot/source', MAIN], {
    env: { ...env, PORT: '0', HOST: '', TAPROOT_DATA: data },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  studio.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const exited = once(studio, 'exit');
  try {
    for (;;) {
      const url = /http:\/\/\S+/.exec(output)?.[0];
      if (url !== undefined && (await isReady(url))) return performance.now() - startedAt;
      if (studio.exitCode !== null) throw new TypeError(`The studio ended: ${output}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } finally {
    studio.kill('SIGTERM');
    await exited;
  }
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/readyz`);
  await response.arrayBuffer();
  return response.ok;
}
