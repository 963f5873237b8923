import { statfsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { exitReason } from './exit-reason.ts';
import type { ServerFiles } from './folder.ts';
import type { Launch } from './launch.ts';
import { logTail } from './log-file.ts';
import { RestartPause } from './restart-pause.ts';

/** Why a server ended, and when, in ms since 1970. */
export interface LastExit {
  readonly reason: string;
  readonly at: number;
}

/** Remembers how the servers of one data folder ended, and how long the next start has to wait therefore. */
export class Ends {
  readonly #pause = new RestartPause();
  #last: LastExit | undefined;
  #servingSince: number | undefined;

  get last(): LastExit | undefined {
    return this.#last;
  }

  /** How many servers in a row ended early. */
  get inARow(): number {
    return this.#pause.ends;
  }

  get pauseMs(): number {
    return this.#pause.pauseMs;
  }

  get remainingMs(): number {
    return this.#pause.remainingMs(performance.now());
  }

  /** A server is listening and its end has not been noticed yet. */
  get serving(): boolean {
    return this.#servingSince !== undefined;
  }

  serves(): void {
    this.#servingSince ??= performance.now();
  }

  /** Notes the end of a server; `launch` if this process started it. */
  note(files: ServerFiles, launch?: Launch): void {
    const now = performance.now();
    this.#pause.ended(this.#servingSince === undefined ? 0 : now - this.#servingSince, now);
    this.#servingSince = undefined;
    this.#last = { reason: reasonOf(files, launch), at: Date.now() };
  }
}

function reasonOf(files: ServerFiles, launch: Launch | undefined): string {
  if (launch?.exit?.error !== undefined) return `it could not be executed (${launch.exit.error.message})`;
  try {
    const { bavail, bsize } = statfsSync(files.data);
    return exitReason({
      ...(launch?.exit && { exit: launch.exit }),
      log: logTail(files.log, launch?.logOffset),
      logPath: files.log,
      dataPath: files.data,
      freeBytes: bavail * bsize,
    });
  } catch (error) {
    return `its folder cannot be read any more (${String(error)})`;
  }
}
