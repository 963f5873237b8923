import type { CallOptions, RedisManager } from '../manager.ts';
import type { EntryKeys } from './names.ts';
import type { Written } from './record.ts';
import { END_LEASE, RENEW_LEASE, STORE } from './scripts.ts';

export interface CacheLeaseOptions {
  readonly manager: RedisManager;
  readonly keys: EntryKeys;
  readonly token: string;
  readonly leaseMs: number;
  readonly patience: CallOptions;
}

/** The right to make an entry, and to store it unless the entry was changed meanwhile. Renewed until it is ended. */
export class CacheLease {
  readonly #options: CacheLeaseOptions;
  readonly #timer: NodeJS.Timeout;
  #ended = false;

  constructor(options: CacheLeaseOptions) {
    this.#options = options;
    // What is not renewed, because Redis does not answer or has given the lease away, shows when the value is stored.
    this.#timer = setInterval(() => void this.#renew().catch(() => undefined), options.leaseMs / 3);
  }

  /** False: the entry was deleted or written, or the lease ended, while the value was made. Rejects if Redis does not take it. */
  async store({ stored: record, keepMs }: Written): Promise<boolean> {
    const { manager, keys, token, patience } = this.#options;
    const args = [token, record, String(keepMs)];
    const reply = await manager.script(STORE, { keys: [keys.value, keys.lease], args }, patience);
    this.#rest();
    return reply === 1;
  }

  /** Lets others make the entry. Never rejects: what Redis does not take ends by itself. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#rest();
    await endLease(this.#options);
  }

  async #renew(): Promise<void> {
    const { manager, keys, token, leaseMs, patience } = this.#options;
    const input = { keys: [keys.lease], args: [token, String(leaseMs)] };
    if ((await manager.script(RENEW_LEASE, input, patience)) !== 1) this.#rest();
  }

  #rest(): void {
    this.#ended = true;
    clearInterval(this.#timer);
  }
}

/** Gives a lease back that was taken, or may have been. */
export async function endLease({ manager, keys, token, patience }: CacheLeaseOptions): Promise<void> {
  await manager.script(END_LEASE, { keys: [keys.lease], args: [token] }, patience).catch(() => undefined);
}
