import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, startProcess, type TestProcess, temporaryFolder } from '@taproot/testkit';
import { expect } from 'vitest';

const ROOT = join(import.meta.dirname, '../../../../..');
const MAIN = join(ROOT, 'apps/studio/src/main.ts');

/** A start of the studio that may not succeed. */
export interface Attempt {
  readonly process: TestProcess;
  /** What it wrote to stderr. */
  stderr(): string;
  /** What it wrote to stdout. */
  stdout(): string;
}

/** Starts the studio on a free port with these settings alone, its two outputs apart. */
export function attempt(settings: Readonly<Record<string, string>>): Attempt {
  const { PATH, HOME, TMPDIR, REDIS_SERVER_BIN } = process.env;
  const folder = temporaryFolder();
  const out = join(folder, 'stdout');
  // The shell becomes the studio, so signals and the exit status are the studio's own.
  const command = ['exec "$@" >"$0"', out, process.execPath, '--conditions=@taproot/source', MAIN];
  const started = startProcess('/bin/sh', ['-c', ...command], {
    cwd: ROOT,
    env: { PATH, HOME, TMPDIR, REDIS_SERVER_BIN, PORT: '0', TAPROOT_DATA: join(folder, 'data'), ...settings },
  });
  return { process: started, stderr: () => started.output(), stdout: () => readFileSync(out, 'utf8') };
}

/** The start fails: not zero, and one sentence for the operator, which is returned. */
export async function refusal(settings: Readonly<Record<string, string>>): Promise<string> {
  const { process: started, stderr } = attempt(settings);
  await eventually(() => expect(started.ended).toBe(true), { timeoutMs: 30_000, message: 'it goes on' });
  expect(await started.exit).toEqual({ code: 1, signal: null });
  // One line, which is a sentence of ours and not a stack.
  expect(stderr()).toMatch(/^\S[^\n]+\n$/);
  expect(stderr()).not.toMatch(/Error\b/);
  return stderr().trimEnd();
}
