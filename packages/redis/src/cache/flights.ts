import { abortedError } from './errors.ts';

/** What a caller waits for. */
export interface Ticket {
  readonly key: string;
  readonly tags: readonly string[];
  /** The caller's. */
  readonly signal?: AbortSignal | undefined;
}

/** Work for one key that is under way, and how many wait for it. */
interface Flight<T> {
  readonly key: string;
  readonly tags: readonly string[];
  readonly abort: AbortController;
  readonly result: Promise<T>;
  waiting: number;
}

/** Single flight: who wants what is being made waits for it. Work for which nobody waits any more is aborted. */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();
  readonly #all = new Set<Flight<T>>();

  has(key: string): boolean {
    return this.#flights.has(key);
  }

  /** Joins the flight for the key, or begins one. Rejects as the work does; `aborted` if the signal aborts. */
  join({ key, tags, signal }: Ticket, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (signal?.aborted) return Promise.reject(abortedError(signal.reason));
    const flight = this.#flights.get(key) ?? this.#begin(key, tags, work);
    flight.waiting++;
    return signal === undefined ? flight.result : this.#wait(flight, signal);
  }

  /** A key, or a tag, was changed; undefined: all may have been. Those who ask from now on want what is made from now on. */
  changed(key: string | undefined): void {
    for (const flight of [...this.#flights.values()])
      if (key === undefined || flight.key === key || flight.tags.includes(key))
        this.#flights.delete(flight.key);
  }

  /** Aborts all, and resolves when they have ended. */
  async close(reason: unknown): Promise<void> {
    const all = [...this.#all];
    for (const { abort } of all) abort.abort(reason);
    await Promise.allSettled(all.map(({ result }) => result));
  }

  #begin(key: string, tags: readonly string[], work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const abort = new AbortController();
    const result = work(abort.signal).finally(() => {
      this.#all.delete(flight);
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    });
    const flight: Flight<T> = { key, tags, abort, result, waiting: 0 };
    // Those who wait may have left.
    result.catch(() => undefined);
    this.#flights.set(key, flight);
    this.#all.add(flight);
    return flight;
  }

  async #wait(flight: Flight<T>, signal: AbortSignal): Promise<T> {
    const left = Promise.withResolvers<never>();
    const leave = (): void => {
      left.reject(abortedError(signal.reason));
      if (--flight.waiting > 0) return;
      this.#leave(flight);
      flight.abort.abort(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([flight.result, left.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** Nobody joins what is aborted. */
  #leave(flight: Flight<T>): void {
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key);
  }
}
