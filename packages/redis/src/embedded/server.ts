import { performance } from 'node:perf_hooks';
import { pause } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import type { LastExit } from './ends.ts';
import { startFailure } from './failure.ts';
import { currentSocket, prepareFolder, type ServerFiles } from './folder.ts';
import { holderOf } from './holder.ts';
import type { Launch } from './launch.ts';
import { isListening } from './socket-probe.ts';
import { Starter } from './starter.ts';

export interface EmbeddedServerOptions {
  readonly dataDir: string;
  /** Server program. @default REDIS_SERVER_BIN, else redis-server or valkey-server on PATH */
  readonly serverBin?: string;
  /** `maxmemory`, in bytes. @default a quarter of the memory, at most 1 GiB */
  readonly maxMemoryBytes?: number;
  /** How long a start may take until the server accepts connections, in ms. @default 10_000 */
  readonly startTimeoutMs?: number;
}

export const DEFAULT_START_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 10;
const LOCK_RETRY_MS = 50;

/**
 * A private redis-server on a Unix socket. There is no supervisor: whoever finds it not running starts it, under a lock
 * that the server itself holds, so that there are never two on one data folder. It outlives the process that started it.
 */
export class EmbeddedServer {
  readonly #options: EmbeddedServerOptions;
  readonly #starter: Starter;
  #socketPath: string | undefined;
  #starting: Promise<'started' | 'running'> | undefined;
  #closed = false;

  constructor(options: EmbeddedServerOptions) {
    this.#options = options;
    this.#starter = new Starter(options);
  }

  get dataDir(): string {
    return this.#options.dataDir;
  }

  /** Path of the socket. Throws before the first {@link ensure}. */
  get socketPath(): string {
    if (this.#socketPath === undefined) throw startFailure('The embedded server was not started yet', true);
    return this.#socketPath;
  }

  /** Why the last server ended, if one did. */
  lastExit(): LastExit | undefined {
    return this.#starter.ends.last;
  }

  /** Until when restarts are held back because it ended too often, in ms since 1970. */
  get givingUpUntil(): number | undefined {
    const { remainingMs } = this.#starter.ends;
    return remainingMs > 0 ? Date.now() + Math.ceil(remainingMs) : undefined;
  }

  /**
   * Starts the server unless somebody's is running, and resolves when it accepts connections. Rejects `embedded-failed`
   * (with the reason, also while restarts are held back), `embedded-data-folder`, `version-unsupported`, `aborted`,
   * `closed`.
   */
  async ensure(signal?: AbortSignal): Promise<'started' | 'running'> {
    for (;;) {
      this.#requireWanted(signal);
      // One attempt at a time: a manager's connections ask at the same moment, and one answer is for both.
      if (this.#starting === undefined) {
        this.#starting = this.#ensure(signal).finally(() => {
          this.#starting = undefined;
        });
        return await this.#starting;
      }
      try {
        return await untilAborted(this.#starting, signal);
      } catch (error) {
        const othersAbort =
          error instanceof RedisManagerError && error.code === 'aborted' && !signal?.aborted;
        if (!othersAbort) throw error;
      }
    }
  }

  /** Forgets the server and leaves it running; a start that is under way is taken back. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#starting?.catch(() => undefined);
  }

  async #ensure(signal: AbortSignal | undefined): Promise<'started' | 'running'> {
    const files = await prepareFolder(this.#options.dataDir);
    const endsAt = performance.now() + (this.#options.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS);
    let launch: Launch | undefined;
    let locked = false;
    for (;;) {
      this.#requireWanted(signal, launch);
      this.#socketPath = await currentSocket(files);
      if (await isListening(this.#socketPath)) {
        this.#starter.ends.serves();
        return launch !== undefined && launch.exit === undefined ? 'started' : 'running';
      }
      if (launch?.refused) {
        // Another server is about to listen, or is frozen, or is dying: a killed one ends its sockets before its lock.
        launch = undefined;
        locked = true;
        await pause(LOCK_RETRY_MS, signal);
      } else if (launch?.exit !== undefined) {
        throw startFailure(`The embedded Redis could not be started: ${this.lastExit()?.reason}`, true);
      }
      if (performance.now() >= endsAt) throw this.#tooLate(files, locked);
      launch ??= await this.#starter.launch(files);
      await Promise.race([launch.ended, pause(LOOK_EVERY_MS, signal)]);
    }
  }

  #requireWanted(signal: AbortSignal | undefined, launch?: Launch): void {
    if (!this.#closed && !signal?.aborted) return;
    // Nobody of this process has used it yet; who else has attached meanwhile starts it again.
    launch?.takeBack();
    throw unwanted(this.#closed ? 'closed' : 'aborted');
  }

  #tooLate(files: ServerFiles, locked: boolean): RedisManagerError {
    const within = `within ${this.#options.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS} ms`;
    if (!locked)
      return startFailure(`The embedded Redis did not open its socket ${within}; see ${files.log}`, true);
    const holder = `Another redis-server${holderOf(files)} holds ${files.lock}`;
    return startFailure(
      `${holder} but could not be reached at ${this.#socketPath} ${within}; end it if it does not recover`,
      true,
    );
  }
}

function unwanted(code: 'aborted' | 'closed'): RedisManagerError {
  const message = `Starting the embedded Redis was ${code === 'closed' ? 'ended by close()' : 'aborted'}`;
  return new RedisManagerError(message, { code, retryable: false, applied: 'no' });
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = (): void => reject(unwanted('aborted'));
  signal.addEventListener('abort', onAbort, { once: true });
  work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  return promise;
}
