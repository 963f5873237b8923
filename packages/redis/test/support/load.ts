import { expect } from 'vitest';
import type { RedisManager, RedisManagerError } from '../../src/index.ts';

/** What became of the INCRs of one key. */
export interface Tally {
  ok: number;
  /** May or may not have been applied. */
  unknown: number;
  /** Certainly not applied. */
  no: number;
}

/** Counts keys up, two calls at a time for each, until it is stopped. */
export class Load {
  readonly tallies: ReadonlyMap<string, Tally>;
  readonly errors: RedisManagerError[] = [];
  readonly #manager: RedisManager;
  readonly #deadlineMs: number;
  readonly #running: Promise<unknown>;
  #stopped = false;

  constructor(manager: RedisManager, keys: readonly string[], deadlineMs: number = 20_000) {
    this.#manager = manager;
    this.#deadlineMs = deadlineMs;
    this.tallies = new Map(keys.map((key) => [key, { ok: 0, unknown: 0, no: 0 }]));
    this.#running = Promise.all([...keys, ...keys].map((key) => this.#count(key)));
  }

  tally(key: string): Tally {
    const tally = this.tallies.get(key);
    expect(tally).toBeDefined();
    return tally as Tally;
  }

  /** All calls have ended when it resolves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #count(key: string): Promise<void> {
    const tally = this.tally(key);
    while (!this.#stopped) {
      try {
        await this.#manager.call(['INCR', key], { deadlineMs: this.#deadlineMs });
        tally.ok++;
      } catch (error) {
        const failure = error as RedisManagerError;
        this.errors.push(failure);
        if (failure.applied === 'no') tally.no++;
        else tally.unknown++;
      }
      // A client that never rests would starve the servers of a small machine.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}
