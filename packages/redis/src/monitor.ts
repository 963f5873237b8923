import { performance } from 'node:perf_hooks';
import { Busy } from './busy.ts';
import { pause } from './connection/backoff.ts';
import type { Connection } from './connection/connection.ts';
import type { RedisManagerError } from './errors.ts';
import { type Checks, type HealthBoard, NOT_PROBED } from './health.ts';
import type { Probe } from './probe.ts';

export interface MonitorOptions {
  readonly board: HealthBoard;
  readonly probe: Probe;
  readonly command: Connection;
  /** Ends the subscriber connection, because it is deaf. */
  readonly dropSubscriber: (reason: string) => void;
  readonly intervalMs: number;
  /** What must be done once on each new command connection, before it counts as ready. */
  readonly prepare: () => Promise<void>;
  /** What must still hold at every later probe. */
  readonly recheck?: () => Promise<void>;
}

/** Probes this often while not ready, so that readiness is noticed soon. */
const IMPATIENT_MS = 100;
/** However seldom it is probed, an answer takes no longer; closing waits for the probe under way. */
const MAX_PROBE_MS = 5000;
/** A connection that stays silent through this many probes in a row is given up. */
const SILENT_PROBES = 3;

/** Probes the deployment for ever and writes what it finds on the health board. */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #stopping = new AbortController();
  #wake = new AbortController();
  #loop: Promise<void> | undefined;
  #prepared: object | undefined;
  #silent = 0;
  #deaf = 0;
  readonly #busy = new Busy();

  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.abort();
    await this.#loop;
  }

  /** Something changed: probe now. */
  wake(): void {
    this.#wake.abort();
  }

  /** The command connection ended or could not be made. */
  failed(error: RedisManagerError): void {
    this.#silent = 0;
    if (!this.#stopping.signal.aborted) this.#options.board.set('down', NOT_PROBED, error.message, error);
  }

  async #watch(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const startedAt = performance.now();
      this.#wake = new AbortController();
      if (this.#options.command.client !== undefined) await this.#look(startedAt);
      const ready = this.#options.board.current.state === 'ready';
      const every = ready ? this.#options.intervalMs : Math.min(IMPATIENT_MS, this.#options.intervalMs);
      await pause(every - (performance.now() - startedAt), this.#wake.signal);
    }
  }

  async #look(startedAt: number): Promise<void> {
    const { client } = this.#options.command;
    let checks: Checks = NOT_PROBED;
    let error: RedisManagerError | undefined;
    this.#busy.begin();
    try {
      if (this.#prepared !== client) {
        await this.#options.prepare();
        this.#prepared = client;
      }
      ({ checks, error } = await this.#options.probe.run(Math.min(this.#options.intervalMs, MAX_PROBE_MS)));
      if (error === undefined) await this.#options.recheck?.();
    } catch (caught) {
      error = caught as RedisManagerError;
    }
    // The connection ended while it was probed: failed() has told why, and a new one is probed anew.
    if (this.#stopping.signal.aborted || this.#options.command.client !== client) return;
    if (this.#busy.excuses(error)) return;
    this.#judge(checks, error, performance.now() - startedAt);
  }

  #judge(checks: Checks, error: RedisManagerError | undefined, tookMs: number): void {
    const { board, command, dropSubscriber } = this.#options;
    this.#deaf = checks.read.ok && !checks.pubsub.ok ? this.#deaf + 1 : 0;
    if (checks.read.ok) command.proven();
    this.#silent = error?.code === 'timeout' && !checks.read.ok ? this.#silent + 1 : 0;
    if (error === undefined) {
      board.set('ready', checks);
    } else if (error.code === 'loading') {
      board.set('loading', checks, 'Redis is loading its data', error);
    } else if (this.#silent > 0) {
      board.set(
        'degraded',
        checks,
        `Redis at ${command.node} has not answered a probe in ${Math.round(tookMs)} ms`,
        error,
      );
      if (this.#silent >= SILENT_PROBES) command.drop('stopped answering');
    } else if (checks.read.ok) {
      board.set('degraded', checks, error.message, error);
      if (this.#deaf >= SILENT_PROBES) {
        this.#deaf = 0;
        dropSubscriber('published messages do not arrive');
      }
    } else {
      board.set('down', checks, error.message, error);
    }
  }
}
