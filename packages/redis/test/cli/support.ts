import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface CliResult {
  /** Undefined: a signal ended it. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as a process of its own, without a terminal. */
export function taprootRedis(
  args: readonly string[],
  { env = {}, cwd }: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Promise<CliResult> {
  const { REDIS_URL: _, NO_COLOR: __, FORCE_COLOR: ___, ...inherited } = process.env;
  const options = {
    env: { ...inherited, ...env },
    timeout: 50_000,
    killSignal: 'SIGKILL',
    ...(cwd && { cwd }),
  } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, [...COMMAND, ...args], options, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
      resolve({ status, stdout, stderr });
    });
  });
}

/** What comes after `node`. */
export const COMMAND: readonly string[] = ['--conditions=@taproot/source', MAIN];
