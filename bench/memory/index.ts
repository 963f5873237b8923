import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createClient } from 'redis';
import { startServer } from '../server.ts';
import { median } from '../summary.ts';

const ROUNDS = 5;

interface Footprint {
  readonly connections: number;
  /** Of all its connections, in Redis, in bytes. */
  readonly inRedis: number;
  /** Resident memory of the process, in bytes. */
  readonly rss: number;
}

/** A process with four managers beside one with one manager, serving the same calls. */
export async function memory(): Promise<void> {
  execFileSync('npm', ['run', 'build', '--silent'], { stdio: 'inherit' });
  const { path, stop } = await startServer();
  const url = `unix://${path}`;
  const found: Record<string, Footprint[]> = { 'four managers': [], 'one manager': [] };
  for (let round = 0; round < ROUNDS; round++) {
    found['four managers']?.push(await footprint('four-managers.ts', url, path));
    found['one manager']?.push(await footprint('one-manager.ts', url, path));
  }
  await stop();
  console.log(`\nAfter 40000 calls, 100 at a time; median of ${ROUNDS} processes each`);
  const middle = (name: string, figure: keyof Footprint): number =>
    median((found[name] ?? []).map((footprint) => footprint[figure]));
  for (const figure of ['connections', 'inRedis', 'rss'] as const) {
    const four = middle('four managers', figure);
    const one = middle('one manager', figure);
    const shown = (value: number): string =>
      figure === 'connections' ? String(value) : `${(value / 2 ** 20).toFixed(2)} MiB`;
    console.log(
      `${figure.padEnd(12)} four ${shown(four).padStart(10)}  one ${shown(one).padStart(10)}  ${(one / four).toFixed(2)} ×`,
    );
  }
}

async function footprint(program: string, url: string, path: string): Promise<Footprint> {
  const child = fork(join(import.meta.dirname, program), {
    env: { ...process.env, BENCH_URL: url },
    // The packages as they are published: what strips their types would weigh more than they do.
    execArgv: ['--expose-gc'],
  });
  const [{ rss }] = (await once(child, 'message')) as [{ rss: number }];
  const observer = createClient({ socket: { path, tls: false } });
  await observer.on('error', () => undefined).connect();
  const own = await observer.clientId();
  const clients = (await observer.clientList()).filter(({ id }) => id !== own);
  observer.destroy();
  const left = once(child, 'exit');
  child.disconnect();
  await left;
  return {
    connections: clients.length,
    inRedis: clients.reduce((sum, client) => sum + (client.totMem ?? 0), 0),
    rss,
  };
}
