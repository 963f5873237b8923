import { statfs } from 'node:fs/promises';
import { pause } from '../connection/backoff.ts';
import { Ends } from './ends.ts';
import { diskFull, MIN_FREE_BYTES } from './exit-reason.ts';
import { errnoOf, inWords, startFailure } from './failure.ts';
import type { ServerFiles } from './folder.ts';
import { Launch } from './launch.ts';
import { serverProgram } from './program.ts';

export interface StarterOptions {
  readonly serverBin?: string;
  readonly maxMemoryBytes?: number;
}

/** How long a child's exit may come after its socket's end. */
const EXIT_FOLLOWS_MS = 200;

/** Launches the servers of one data folder, unless it is too early or there is no space. */
export class Starter {
  readonly ends: Ends = new Ends();
  readonly #options: StarterOptions;
  // Asked for its version at the first launch only.
  #program: string | undefined;
  #mine: Launch | undefined;

  constructor(options: StarterOptions) {
    this.#options = options;
  }

  /** Nobody listens. Rejects `embedded-failed`, `embedded-data-folder`, `version-unsupported`. */
  async launch(files: ServerFiles): Promise<Launch> {
    await this.#noteEnd(files);
    await this.#requireSpace(files);
    this.#requireNoPause();
    this.#program ??= await serverProgram(this.#options.serverBin);
    const launch = await this.#start(files, this.#program);
    void launch.ended.then(() => {
      if (this.#mine === launch) this.#mine = undefined;
      if (!launch.refused) this.ends.note(files, launch);
    });
    this.#mine = launch;
    return launch;
  }

  /** A server that was there has ended. Of our own child its exit tells more than the log, so that may come first. */
  async #noteEnd(files: ServerFiles): Promise<void> {
    if (this.#mine !== undefined) await Promise.race([this.#mine.ended, pause(EXIT_FOLLOWS_MS)]);
    if (this.#mine === undefined && this.ends.serving) this.ends.note(files);
  }

  /** On a full disk a server would start, fail its first write and end; none is started until there is space. */
  async #requireSpace({ data }: ServerFiles): Promise<void> {
    const { bavail, bsize } = await statfs(data);
    if (bavail * bsize >= MIN_FREE_BYTES) return;
    throw startFailure(`The embedded Redis could not be started: ${diskFull(data, bavail * bsize)}`, true);
  }

  #requireNoPause(): void {
    const { remainingMs, last, inARow, pauseMs } = this.ends;
    if (remainingMs === 0) return;
    const message = `The embedded Redis ended ${inARow} times in a row, so its next start waits ${pauseMs} ms`;
    throw startFailure(`${message}: ${last?.reason}`, true);
  }

  async #start(files: ServerFiles, program: string): Promise<Launch> {
    try {
      return await Launch.start(files, program, this.#options.maxMemoryBytes);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      const message = `The embedded Redis could not be started in ${files.folder}: ${inWords(error)}`;
      throw startFailure(message, true, error);
    }
  }
}
