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
  #wanted = false;

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

  /** Renews now, and so learns whether the run is still ours. */
  look(): void {
    void this.#renew();
  }

  async #tick(): Promise<void> {
    const late = performance.now() - this.#ticked;
    this.#ticked = performance.now();
    // Timers of a paused process fire when it wakes, before its sockets are read: others may own the run by now.
    if (late > this.#options.leaseMs)
      return this.#lose('paused', 'This process was paused for longer than its lease');
    await this.#renew();
  }

  /** One at a time; asked for meanwhile, once more afterwards: the answer under way may be from before. */
  async #renew(): Promise<void> {
    this.#wanted = true;
    if (this.#renewing) return;
    this.#renewing = true;
    while (this.#wanted) {
      this.#wanted = false;
      await this.#ask();
    }
    this.#renewing = false;
  }

  async #ask(): Promise<void> {
    const { manager, record, fence, leaseMs } = this.#options;
    try {
      const reply = await manager.script(RENEW, { keys: [record], args: [String(fence), String(leaseMs)] });
      if (reply !== 1) this.#lose('fence', 'This run was stopped, or another worker owns it by now');
    } catch (error) {
      if (!(error instanceof RedisManagerError)) throw error;
    }
  }

  #lose(code: RunAborted['code'], message: string): void {
    this.stop();
    this.#options.lost(new RunAborted(code, message));
  }
}
