import { type ChildProcess, spawn } from 'node:child_process';
import { open, rename, stat, statfs, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { pause } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import { defaultMaxMemoryBytes, serverConfig } from './config.ts';
import { prepareFolder, type ServerFiles } from './folder.ts';
import { LOCK_TAKEN, lockedCommand } from './locked-command.ts';
import { serverProgram } from './program.ts';

export interface EmbeddedServerOptions {
  readonly dataDir: string;
  readonly serverBin?: string;
  readonly maxMemoryBytes?: number;
}

/** A server that does not accept connections within this is told as failed; it is left to go on. */
const START_MS = 10_000;
const LOCK_RETRY_MS = 50;
/** A start this soon after another counts as a crash. */
const CRASH_MS = 30_000;
const MAX_RESTART_WAIT_MS = 10_000;
const MAX_LOG_BYTES = 8 * 2 ** 20;

/**
 * A private redis-server on a Unix socket. There is no supervisor: whoever finds it not running starts it, under a lock
 * that the server itself holds, so that there are never two on one data folder. It outlives the process that started it.
 */
export class EmbeddedServer {
  readonly #options: EmbeddedServerOptions;
  #files: ServerFiles | undefined;
  #starting: Promise<'started' | 'running'> | undefined;
  #startedAt = Number.NEGATIVE_INFINITY;
  #crashes = 0;
  #lastReason: string | undefined;

  constructor(options: EmbeddedServerOptions) {
    this.#options = options;
  }

  /** Path of the socket. Throws before the first {@link ensure}. */
  get socketPath(): string {
    if (this.#files === undefined) throw failed('The embedded server was not started yet');
    return this.#files.socket;
  }

  /**
   * Starts the server unless somebody's is running, and resolves when it accepts connections. Rejects `embedded-failed`
   * (with the reason, also while restarts are held back), `embedded-data-folder`, `version-unsupported`.
   */
  async ensure(signal: AbortSignal): Promise<'started' | 'running'> {
    this.#starting ??= this.#ensure(signal).finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #ensure(signal: AbortSignal): Promise<'started' | 'running'> {
    this.#files ??= await prepareFolder(this.#options.dataDir);
    const files = this.#files;
    if (await accepts(files.socket)) return 'running';
    await this.#holdBack(files);
    const program = await this.#prepare(files);
    const endsAt = performance.now() + START_MS;
    for (let server = await this.#spawn(files, program); performance.now() < endsAt && !signal.aborted; ) {
      if (await accepts(files.socket)) return server.exitCode === null ? 'started' : 'running';
      if (server.exitCode === LOCK_TAKEN) {
        // Another server is about to listen, or is frozen, or is dying: a killed one ends its sockets before its lock.
        await pause(LOCK_RETRY_MS, signal);
        server = await this.#spawn(files, program);
      } else if (server.exitCode !== null || server.signalCode !== null) {
        throw failed(await this.#why(files, server));
      }
      await pause(10, signal);
    }
    throw failed(`The Redis server of ${files.folder} does not accept connections (waited ${START_MS} ms)`);
  }

  /** A server that keeps dying is started ever more seldom; meanwhile the reason is told. */
  async #holdBack(files: ServerFiles): Promise<void> {
    const since = performance.now() - this.#startedAt;
    if (since >= CRASH_MS) this.#crashes = 0;
    const wait = this.#crashes < 2 ? 0 : Math.min(MAX_RESTART_WAIT_MS, 100 * 2 ** this.#crashes);
    if (since >= wait) return;
    this.#lastReason ??= await this.#why(files, undefined);
    throw failed(this.#lastReason);
  }

  async #prepare(files: ServerFiles): Promise<string> {
    const program = await serverProgram(this.#options.serverBin);
    const maxMemoryBytes = this.#options.maxMemoryBytes ?? defaultMaxMemoryBytes();
    await this.#write(files, serverConfig(files, maxMemoryBytes));
    this.#startedAt = performance.now();
    this.#crashes++;
    this.#lastReason = undefined;
    return program;
  }

  async #spawn(files: ServerFiles, program: string): Promise<ChildProcess> {
    const [command = '', ...args] = await lockedCommand(files.lock, program, [files.config]);
    // A session of its own: Ctrl-C in our terminal must not reach it.
    const server = spawn(command, args, { detached: true, stdio: 'ignore', cwd: files.folder });
    server.on('error', () => undefined);
    server.unref();
    return server;
  }

  async #write(files: ServerFiles, config: string): Promise<void> {
    try {
      await trimLog(files.log);
      await writeFile(files.config, config, { mode: 0o600 });
    } catch (error) {
      throw failed(await this.#why(files, undefined, (error as NodeJS.ErrnoException).code), error);
    }
  }

  /** Why a server ended, in one sentence. */
  async #why(files: ServerFiles, server: ChildProcess | undefined, code?: string): Promise<string> {
    const { bavail, bsize } = await statfs(files.folder);
    const where = `The Redis server of ${files.folder}`;
    const log = await lastLines(files.log);
    if (code === 'ENOSPC' || bavail * bsize < 16_384 || /No space left on device/.test(log.slice(-2000))) {
      return `${where} cannot run: the disk is full (${bavail * bsize} bytes free)`;
    }
    const complaint = log
      .split('\n')
      .filter((line) => / # /.test(line) && !/WARNING|Warning/.test(line))
      .at(-1)
      ?.replace(/^.* # /, '');
    const status = server?.signalCode ?? server?.exitCode ?? code;
    return `${where} ended${status === undefined ? '' : ` (${status})`}${complaint ? `: ${complaint}` : ''}; see ${files.log}`;
  }
}

/** Whether somebody listens on the socket. */
function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** One old log is kept. */
async function trimLog(log: string): Promise<void> {
  const size = await stat(log).then(
    (found) => found.size,
    () => 0,
  );
  if (size > MAX_LOG_BYTES) await rename(log, `${log}.1`);
}

async function lastLines(log: string): Promise<string> {
  const file = await open(log, 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8192), 0, 8192, Math.max(0, size - 8192));
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function failed(message: string, cause?: unknown): RedisManagerError {
  return new RedisManagerError(message, { code: 'embedded-failed', retryable: false, applied: 'no', cause });
}
