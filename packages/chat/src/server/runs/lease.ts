import { performance } from 'node:perf_hooks';
import { type RedisManager, RedisManagerError } from '@taproot/redis';
import { RELEASE, RENEW } from './scripts.ts';
import { RunAborted } from './step-error.ts';

export interface LeaseOptions {
  readonly manager: RedisManager;
  readonly record: string;
  readonly fence: number;
  readonly leaseMs: number;
  /** Called once when the run is not ours to continue. */
  readonly lost: (reason: RunAborted) => void;
}

/**
 * Keeps a run's lease, renewed at a third of its length. While Redis is away nobody can take over, so the lease is kept
 * and the next answer decides; a process that was itself paused past its lease gives up before it touches anything.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #timer: NodeJS.Timeout;
  #ticked = performance.now();
  #renewing = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#tick(), options.leaseMs / 3);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Gives the run back, so that another may take it over at once. */
  async release(): Promise<void> {
    this.stop();
    const { manager, record, fence } = this.#options;
    await manager.script(RELEASE, { keys: [record], args: [String(fence)] });
  }

  async #tick(): Promise<void> {
    const late = performance.now() - this.#ticked;
    this.#ticked = performance.now();
    // Timers of a paused process fire when it wakes, before its sockets are read: others may own the run by now.
    if (late > this.#options.leaseMs)
      return this.#lose('paused', 'This process was paused for longer than its lease');
    if (this.#renewing) return;
    this.#renewing = true;
    try {
      const { manager, record, fence, leaseMs } = this.#options;
      const reply = await manager.script(RENEW, { keys: [record], args: [String(fence), String(leaseMs)] });
      if (reply !== 1) this.#lose('fence', 'Another worker owns this run by now');
    } catch (error) {
      if (!(error instanceof RedisManagerError)) throw error;
    } finally {
      this.#renewing = false;
    }
  }

  #lose(code: RunAborted['code'], message: string): void {
    this.stop();
    this.#options.lost(new RunAborted(code, message));
  }
}
