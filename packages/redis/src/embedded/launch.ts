import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { defaultMaxMemoryBytes, serverConfig } from './config.ts';
import type { ServerFiles } from './folder.ts';
import { LOCK_TAKEN, lockedCommand } from './locked-command.ts';
import { rotateLog, sizeOf } from './log-file.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be executed at all. */
  readonly error?: Error;
}

/**
 * Runs under the lock, so that redis.conf and the link to the socket are always those of the server that holds it.
 * Then the shell becomes the server, which inherits the lock's open file.
 */
const UNDER_LOCK = `umask 077
rm -f -- "$3" && printf '%s' "$2" >"$3" || exit 1
if [ "$4" != "$5" ]; then rm -f -- "$5" && ln -s -- "$4" "$5" || exit 1; fi
exec "$1" "$3"`;

/** What the server needs of our environment: it outlives us, so it gets no secrets. */
const PASSED_ON = ['PATH', 'HOME', 'TZ', 'LD_LIBRARY_PATH'];

/** One attempt to become the server of a data folder; of all processes' attempts at most one gets the lock. */
export class Launch {
  /** Resolves when the process ended. */
  readonly ended: Promise<Exit>;
  /** Where in the log this server's lines begin. */
  readonly logOffset: number;
  readonly #child: ChildProcess;
  #exit: Exit | undefined;

  /** Rejects `embedded-failed` if there is no program to lock with, and an operating system's error. */
  static async start(files: ServerFiles, program: string, maxMemoryBytes?: number): Promise<Launch> {
    const config = serverConfig(files, maxMemoryBytes ?? defaultMaxMemoryBytes());
    const { lock, socket, link } = files;
    const shell = ['-c', UNDER_LOCK, 'sh', program, config, files.config, socket, link];
    return new Launch(files, await lockedCommand(lock, '/bin/sh', shell));
  }

  private constructor(files: ServerFiles, [command = '', ...args]: readonly string[]) {
    rotateLog(files.log);
    closeSync(openSync(files.lock, 'a', 0o600));
    // What is written before Redis has read its logfile setting goes to the same log.
    const log = openSync(files.log, 'a', 0o600);
    this.logOffset = sizeOf(files.log);
    try {
      this.#child = spawn(command, args, {
        // A session of its own: Ctrl-C in our terminal must not reach it.
        detached: true,
        stdio: ['ignore', log, log],
        cwd: files.folder,
        env: { LC_ALL: 'C', ...Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]])) },
      });
    } finally {
      closeSync(log);
    }
    this.#child.unref();
    this.ended = new Promise((resolve) => {
      const end = (exit: Exit): void => {
        this.#exit ??= exit;
        resolve(this.#exit);
      };
      this.#child.once('exit', (code, signal) => end({ code, signal }));
      this.#child.once('error', (error) => end({ code: null, signal: null, error }));
    });
  }

  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** Another server has the lock. */
  get refused(): boolean {
    return this.#exit?.code === LOCK_TAKEN;
  }

  /** Asks the server to end in order: nobody wants it any more. */
  takeBack(): void {
    if (this.#exit === undefined) this.#child.kill('SIGTERM');
  }
}
