import { fullJitter, pause } from '../connection/backoff.ts';
import type { RedisManager } from '../manager.ts';

/** All who wait are told of a release at once; a random pause keeps them from asking in the same moment. */
const HERD_MS = 10;

/** Waits until a lock may be free: it was released, or the time is over. Listens from the first wait on. */
export class FreeNotice {
  readonly #manager: RedisManager;
  readonly #channel: string;
  #unsubscribe: (() => Promise<void>) | undefined;
  #told = new AbortController();

  constructor(manager: RedisManager, channel: string) {
    this.#manager = manager;
    this.#channel = channel;
  }

  /** Resolves after `ms`, on a release since the last wait, or when `signal` aborts; never rejects. */
  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    const tell = (): void => this.#told.abort();
    // What was released before the subscription counts was not told, so `active` is a reason to ask too.
    this.#unsubscribe ??= this.#manager.subscribe(this.#channel, { message: tell, active: tell });
    signal?.addEventListener('abort', tell);
    if (signal?.aborted) tell();
    await pause(ms, this.#told.signal);
    signal?.removeEventListener('abort', tell);
    const released = this.#told.signal.aborted;
    this.#told = new AbortController();
    if (released) await pause(fullJitter(0, HERD_MS, HERD_MS), signal);
  }

  /** Not waited for: on a connection that is silent it could take long. */
  close(): void {
    void this.#unsubscribe?.();
  }
}
