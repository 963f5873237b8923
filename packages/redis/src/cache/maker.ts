import { performance } from 'node:perf_hooks';
import { BoundedMap } from './bounded-map.ts';
import type { Copy } from './copy.ts';
import type { Finder, Found } from './finder.ts';
import { Flights } from './flights.ts';
import type { Order, Producer } from './producer.ts';
import type { Counts } from './statistics.ts';

/** What a caller wants made. */
export interface Wish<Value> extends Omit<Order<Value>, 'offline' | 'yields'> {
  /** Keys of its tags. */
  readonly tagKeys: readonly string[];
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
}

export interface MakerOptions<Value> {
  readonly finder: Finder<Value>;
  readonly producer: Producer<Value>;
  readonly counts: Counts;
}

/** A factory that failed is left alone for so long where an old value can stand in. */
const REST_MS = 1000;
const MAX_RESTING = 1000;

/** Decides for each caller between what there is and what has to be made, and lets callers of one key share the making. */
export class Maker<Value> {
  readonly #options: MakerOptions<Value>;
  readonly #flights = new Flights<Copy<Value> | undefined>();
  readonly #refreshes = new Flights<Copy<Value> | undefined>();
  /** Keys whose factory failed a moment ago. */
  readonly #resting = new BoundedMap<{ readonly until: number; readonly bytes: number }>(
    { maxEntries: MAX_RESTING, maxBytes: 1 },
    () => undefined,
  );

  constructor(options: MakerOptions<Value>) {
    this.#options = options;
  }

  /** The entry to answer with. Rejects as the factory does, `aborted`. */
  async get(wish: Wish<Value>): Promise<Copy<Value>> {
    const { finder, counts } = this.#options;
    const { key, keys } = wish;
    const found = await finder.find(key, keys);
    const now = performance.now();
    const { copy } = found;
    if (copy !== undefined && now < copy.freshUntil) {
      counts[found.from === 'local' ? 'localHits' : 'redisHits']++;
      return copy;
    }
    counts.misses++;
    if (copy !== undefined && now < copy.staleUntil) {
      this.#refresh(wish);
      return this.#stale(copy);
    }
    if (copy !== undefined && this.#rests(keys.value)) return this.#stale(copy);
    return this.#make(wish, found);
  }

  /** A key in Redis, of an entry or a tag, was changed by this process or another; undefined: all may have been. */
  changed(redisKey: string | undefined): void {
    this.#flights.changed(redisKey);
    this.#refreshes.changed(redisKey);
  }

  async close(reason: unknown): Promise<void> {
    await Promise.all([this.#flights.close(reason), this.#refreshes.close(reason)]);
  }

  async #make(wish: Wish<Value>, { copy, offline }: Found<Value>): Promise<Copy<Value>> {
    const { finder, producer } = this.#options;
    const order: Order<Value> = { ...wish, offline, yields: copy === undefined ? 'never' : 'late' };
    const ticket = { key: wish.keys.value, tags: wish.tagKeys, signal: wish.signal };
    try {
      const made = await this.#flights.join(ticket, (signal) => producer.make(order, signal));
      if (made !== undefined) return made;
    } catch (error) {
      if (wish.signal?.aborted) throw error;
      const standIn = await finder.standIn(wish.key, wish.keys);
      if (standIn === undefined) throw error;
      this.#rest(wish.keys.value);
      return this.#stale(standIn);
    }
    const standIn = await finder.standIn(wish.key, wish.keys);
    if (standIn !== undefined) return this.#stale(standIn);
    // The old value was invalidated while another process was waited for.
    return this.#make(wish, { copy: undefined, offline, from: 'redis' });
  }

  /** Nobody waits for it. */
  #refresh(wish: Wish<Value>): void {
    const key = wish.keys.value;
    if (this.#refreshes.has(key) || this.#rests(key)) return;
    const order: Order<Value> = { ...wish, offline: false, yields: 'at-once' };
    this.#refreshes
      .join({ key, tags: wish.tagKeys }, (signal) => this.#options.producer.make(order, signal))
      .catch(() => this.#rest(key));
  }

  #stale(copy: Copy<Value>): Copy<Value> {
    this.#options.counts.stale++;
    return copy;
  }

  #rest(key: string): void {
    this.#resting.set(key, { until: performance.now() + REST_MS, bytes: 0 });
  }

  #rests(key: string): boolean {
    return performance.now() < (this.#resting.get(key)?.until ?? 0);
  }
}
