import { pause } from '../connection/backoff.ts';

/** Sees whether a key changes while somebody is busy with it: what was asked before a change is not kept after it. */
export class Watch {
  readonly #end: (watch: Watch) => void;
  readonly #wake = new Set<() => void>();
  changed = false;

  constructor(end: (watch: Watch) => void) {
    this.#end = end;
  }

  /** The key was written or is gone, or that may be. */
  tell(): void {
    this.changed = true;
    for (const wake of this.#wake) wake();
  }

  /** Resolves after `ms`, when the key changes, or when the signal aborts; never rejects. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    const told = new AbortController();
    const wake = (): void => told.abort();
    this.#wake.add(wake);
    signal.addEventListener('abort', wake);
    if (this.changed || signal.aborted) wake();
    await pause(ms, told.signal);
    signal.removeEventListener('abort', wake);
    this.#wake.delete(wake);
  }

  end(): void {
    this.#end(this);
  }
}

/** All watches, by the keys in Redis. */
export class Watches {
  readonly #watches = new Map<string, Set<Watch>>();

  begin(redisKey: string): Watch {
    const watches = this.#watches.get(redisKey) ?? new Set();
    this.#watches.set(redisKey, watches);
    const watch = new Watch((ended) => {
      watches.delete(ended);
      if (watches.size === 0 && this.#watches.get(redisKey) === watches) this.#watches.delete(redisKey);
    });
    watches.add(watch);
    return watch;
  }

  /** Undefined: all keys. */
  changed(redisKey: string | undefined): void {
    const concerned =
      redisKey === undefined ? [...this.#watches.values()] : [this.#watches.get(redisKey) ?? []];
    for (const watches of concerned) for (const watch of [...watches]) watch.tell();
  }
}
