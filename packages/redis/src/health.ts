import type { RedisManagerError } from './errors.ts';
import { surface } from './surface.ts';

/** Where a manager stands (docs/redis-manager.md, "States"). */
export type RedisState = 'connecting' | 'loading' | 'ready' | 'degraded' | 'down' | 'closing' | 'closed';

/** One part of the readiness probe. */
export interface Check {
  readonly ok: boolean;
  /** How long it took. */
  readonly ms?: number;
  readonly error?: string;
}

/** What the last readiness probe found. */
export interface Checks {
  readonly connect: Check;
  readonly write: Check;
  readonly read: Check;
  /** A message published by the command connection arrived at the subscriber. */
  readonly pubsub: Check;
}

/** A manager's state with its reason. */
export interface Health {
  readonly state: RedisState;
  /** Since when, in ms since 1970. */
  readonly since: number;
  /** Why it is not ready, in one sentence. */
  readonly reason?: string;
  readonly error?: RedisManagerError;
  readonly checks: Checks;
}

const UNKNOWN: Check = { ok: false, error: 'not probed yet' };
export const NOT_PROBED: Checks = { connect: UNKNOWN, write: UNKNOWN, read: UNKNOWN, pubsub: UNKNOWN };

/** Holds the current health and tells its listeners about changes of state or reason. */
export class HealthBoard {
  readonly #listeners = new Set<(health: Health) => void>();
  #health: Health = { state: 'connecting', since: Date.now(), checks: NOT_PROBED };

  get current(): Health {
    return this.#health;
  }

  on(listener: (health: Health) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(state: RedisState, checks: Checks, reason?: string, error?: RedisManagerError): void {
    const before = this.#health;
    const changed = before.state !== state;
    this.#health = {
      state,
      since: changed ? Date.now() : before.since,
      checks,
      ...(reason !== undefined && { reason }),
      ...(error !== undefined && { error }),
    };
    if (!changed && before.reason === reason) return;
    for (const listener of [...this.#listeners]) {
      try {
        listener(this.#health);
      } catch (error) {
        surface(error);
      }
    }
  }
}
