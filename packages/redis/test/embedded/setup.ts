import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processes, startProcess, type TestProcess, temporaryFolder } from '@taproot/testkit';
import { RedisClient } from 'redis';
import { onTestFinished, vi } from 'vitest';
import { EmbeddedServer, type EmbeddedServerOptions } from '../../src/embedded/index.ts';
import { findProgram } from '../../src/embedded/program.ts';

// Some tests change PATH; what they use themselves is found by the one before.
const perl = (await findProgram('perl')) ?? 'perl';

export function embedded(
  dataDir: string,
  options: Omit<EmbeddedServerOptions, 'dataDir'> = {},
): EmbeddedServer {
  const server = new EmbeddedServer({ dataDir, ...options });
  onTestFinished(() => server.close());
  return server;
}

/** Changes the environment for the rest of the test. What the test kit is to tidy up is made before. */
export function environment(change: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(change)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

/** The server's process, as its pid file tells. */
export function pidOf(dataDir: string): number {
  return Number(readFileSync(join(dataDir, 'redis.pid'), 'utf8'));
}

/** Processes whose command line names this folder's socket: servers and their children. */
export function serverProcesses(dataDir: string): number[] {
  return processes()
    .filter(({ command }) => command.includes(`unixsocket:${dataDir}/`))
    .map(({ pid }) => pid);
}

/** One command over a connection of its own, once the server has loaded its data. */
export async function command(path: string, ...args: string[]): Promise<unknown> {
  const client = new RedisClient({ RESP: 2, socket: { path, tls: false, reconnectStrategy: false } });
  client.on('error', () => undefined);
  try {
    await client.connect();
    for (;;) {
      try {
        return await client.sendCommand(args);
      } catch (error) {
        if (!/^LOADING/.test((error as Error).message)) throw error;
      }
    }
  } finally {
    client.destroy();
  }
}

/** A process of its own that starts the server of a folder and stays. Its first line says how that went. */
export function owner(dataDir: string): TestProcess {
  const file = join(import.meta.dirname, 'owner.process.ts');
  // A process group of its own, as a terminal's foreground job has.
  const group = ['-e', 'setpgrp(0, 0); exec @ARGV', '--'];
  return startProcess(perl, [...group, process.execPath, '--conditions=@taproot/source', file, dataDir]);
}

/** A server program of our making: it tells a version, and is what `run` says. */
export function program(name: string, version: string, run: string): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(
    file,
    `#!/bin/sh\nif [ "$1" = --version ]; then echo ${JSON.stringify(version)}; exit; fi\n${run}\n`,
    {
      mode: 0o755,
    },
  );
  return file;
}

/** Kills the servers of a folder. */
export function killServers(dataDir: string): void {
  for (const pid of serverProcesses(dataDir)) process.kill(pid, 'SIGKILL');
}
