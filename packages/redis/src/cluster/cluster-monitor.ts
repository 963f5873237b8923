import { performance } from 'node:perf_hooks';
import { Busy } from '../busy.ts';
import { pause } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import { type Check, type Checks, type HealthBoard, NOT_PROBED, type RedisState } from '../health.ts';
import type { Preparation } from '../servers.ts';
import type { ClusterMaster } from './master.ts';
import type { SlotMap } from './slot-map.ts';

export interface ClusterMonitorOptions {
  readonly board: HealthBoard;
  readonly map: SlotMap;
  readonly intervalMs: number;
  readonly preparation: Preparation;
}

/** While not ready, so that readiness is noticed soon. */
const IMPATIENT_MS = 100;

/** Sums up the masters' healths: ready if all are and every slot has one, degraded if some are, down if none is. */
export class ClusterMonitor {
  readonly #options: ClusterMonitorOptions;
  readonly #stopping = new AbortController();
  #wake = new AbortController();
  #loop: Promise<void> | undefined;
  readonly #busy = new Busy();
  #prepared = false;
  /** Why nobody could be asked. */
  #unknown: RedisManagerError | undefined;

  constructor(options: ClusterMonitorOptions) {
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

  /** Something changed. */
  wake(): void {
    this.#wake.abort();
  }

  /** None of the nodes could tell who serves what; undefined: one could. */
  asked(error: RedisManagerError | undefined): void {
    this.#unknown = error;
    this.wake();
  }

  async #watch(): Promise<void> {
    const { board, intervalMs } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const startedAt = performance.now();
      this.#wake = new AbortController();
      await this.#look();
      const every = board.current.state === 'ready' ? intervalMs : Math.min(IMPATIENT_MS, intervalMs);
      await pause(every - (performance.now() - startedAt), this.#wake.signal);
    }
  }

  async #look(): Promise<void> {
    const { board, map, preparation } = this.#options;
    const { owners } = map;
    const failing = owners.filter((master) => master.board.current.state !== 'ready');
    const checks = combined(owners);
    if (owners.length === 0 || failing.length > 0 || map.uncovered > 0) {
      this.#tell(owners, failing, checks);
      return;
    }
    this.#busy.begin();
    try {
      if (this.#prepared) await preparation.recheck();
      else await preparation.deployment();
      this.#prepared = true;
      this.#busy.excuses(undefined);
      if (!this.#stopping.signal.aborted) board.set('ready', checks);
    } catch (error) {
      if (!(error instanceof RedisManagerError)) throw error;
      if (this.#stopping.signal.aborted || this.#busy.excuses(error)) return;
      board.set('degraded', checks, error.message, error);
    }
  }

  #tell(owners: readonly ClusterMaster[], failing: readonly ClusterMaster[], checks: Checks): void {
    const { board, map } = this.#options;
    const unknown = this.#unknown;
    if (owners.length === 0) {
      if (unknown !== undefined) board.set('down', NOT_PROBED, unknown.message, unknown);
      return;
    }
    const state = stateOf(owners, failing);
    const unprobed = failing.filter((master) => master.board.current.state === 'connecting');
    // Nothing has failed yet.
    if (unprobed.length === failing.length && map.uncovered === 0 && board.current.state === 'connecting')
      return;
    const reasons = failing.map((master) => master.board.current.reason ?? `connecting to ${master.node}`);
    if (failing.length > 0) reasons.unshift(`${failing.length} of ${owners.length} masters`);
    if (map.uncovered > 0) reasons.unshift(`${map.uncovered} slots have no master`);
    const error = failing.find(({ board }) => board.current.error !== undefined)?.board.current.error;
    board.set(state === 'connecting' ? 'down' : state, checks, reasons.join('; '), error);
  }
}

function stateOf(owners: readonly ClusterMaster[], failing: readonly ClusterMaster[]): RedisState {
  if (failing.length < owners.length) return 'degraded';
  const states = new Set(failing.map(({ board }) => board.current.state));
  for (const state of ['degraded', 'loading', 'connecting'] as const) if (states.has(state)) return state;
  return 'down';
}

/** A check holds if it holds at every master; the slowest tells how long it takes. */
function combined(owners: readonly ClusterMaster[]): Checks {
  const of = (name: keyof Checks): Check => {
    const all = owners.map((master) => ({ node: master.node, check: master.board.current.checks[name] }));
    const bad = all.find(({ check }) => !check.ok);
    if (bad !== undefined) return { ok: false, error: `${bad.node}: ${bad.check.error ?? 'failed'}` };
    const ms = Math.max(0, ...all.map(({ check }) => check.ms ?? 0));
    return ms > 0 ? { ok: true, ms } : { ok: true };
  };
  if (owners.length === 0) return NOT_PROBED;
  return { connect: of('connect'), write: of('write'), read: of('read'), pubsub: of('pubsub') };
}
