import { performance } from 'node:perf_hooks';
import type { RedisManager } from '../manager.ts';
import { type Copy, valueIn } from './copy.ts';
import { closedError, tooLargeError } from './errors.ts';
import type { Factory, FactoryContext } from './factory.ts';
import type { Found } from './finder.ts';
import type { LocalLayer } from './local-layer.ts';
import {
  type CacheOptions,
  type EntryOptions,
  type ResolvedCacheOptions,
  resolveCacheOptions,
  resolveLife,
} from './options.ts';
import { type CacheParts, partsOf } from './parts.ts';
import { type CacheStatistics, statisticsOf } from './statistics.ts';

/** Options of {@link Cache.getOrSet}. */
export interface GetOrSetOptions extends EntryOptions {
  /** Ends the waiting. A factory for which nobody waits any more is aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Values that can be had elsewhere, kept in Redis for all processes and, as long as Redis tells of changes, in this one.
 * Reads never fail because of Redis, and do not wait for it longer than profile `cache` says; what changes entries does. All
 * values are as the codec reads them; objects are frozen.
 */
export class Cache<Value = unknown> {
  readonly #manager: RedisManager;
  readonly #options: ResolvedCacheOptions<Value>;
  readonly #parts: CacheParts<Value>;
  /** At hand for every read. */
  readonly #local: LocalLayer<Value>;
  readonly #untrack: () => void;
  readonly #offState: () => void;
  #closed: Promise<void> | undefined;

  /** Throws `invalid-options`, `keyspace-taken`. */
  constructor(manager: RedisManager, options: CacheOptions<Value>) {
    this.#manager = manager;
    this.#options = resolveCacheOptions(options);
    this.#parts = partsOf(manager, this.#options);
    const { local, names } = this.#parts;
    this.#local = local;
    this.#untrack = this.#options.localMaxEntries > 0 ? manager.track(names.tracked, local) : () => undefined;
    this.#offState = manager.on('state', ({ state }) => state === 'closing' && void this.close());
  }

  /** The value if it is fresh. Rejects `closed`, `invalid-options`. */
  get(key: string): Promise<Value | undefined> {
    const copy = this.#fresh(key);
    return copy === undefined ? this.#get(key) : Promise.resolve(this.#valueIn(copy));
  }

  /** The fresh ones of many values. Rejects `closed`, `invalid-options`. */
  async getMany(keys: Iterable<string>): Promise<Map<string, Value>> {
    const found = new Map<string, Value>();
    const get = async (key: string): Promise<void> => {
      const value = await this.get(key);
      if (value !== undefined) found.set(key, value);
    };
    await Promise.all([...new Set(keys)].map(get));
    return found;
  }

  /** Whether there is a fresh value. Rejects `closed`, `invalid-options`. */
  async has(key: string): Promise<boolean> {
    const { copy } = await this.#find(key);
    return copy !== undefined && !copy.absent && performance.now() < copy.freshUntil;
  }

  /**
   * The value, made by the factory where there is no fresh one: by one process at a time, and of its callers by one. Rejects
   * as the factory does if nothing may stand in, `timeout` if it takes too long, `aborted`, `closed`, `codec`,
   * `invalid-options`; never because of Redis.
   */
  getOrSet<Made extends Value | undefined>(
    key: string,
    factory: (context: FactoryContext) => Made | Promise<Made>,
    options: GetOrSetOptions = {},
  ): Promise<Made> {
    const copy = this.#fresh(key);
    if (copy !== undefined) return Promise.resolve(this.#valueIn(copy) as Made);
    return this.#getOrSet(key, factory as Factory<Value>, options) as Promise<Made>;
  }

  /**
   * Stores a value. A factory that is running for the key does not overwrite it. Rejects if Redis does not take it: the old
   * value may then be there still; `codec`, `too-large`, `closed`, `invalid-options`.
   */
  async set(key: string, value: Value, options: EntryOptions = {}): Promise<void> {
    this.#requireOpen();
    const keys = this.#parts.names.entry(key);
    const life = resolveLife(options, this.#options.life);
    const body = Buffer.from(this.#options.codec.encode(value));
    if (body.length > this.#options.maxValueBytes) {
      this.#parts.counts.valueErrors++;
      throw tooLargeError(body.length, this.#options.maxValueBytes);
    }
    await this.#changing([keys.value], [this.#parts.redis.write(keys, body, life)]);
  }

  /** Stores many values. Rejects as {@link set} does with the first failure; the others may have been stored. */
  async setMany(
    entries: Iterable<readonly [key: string, value: Value]>,
    options: EntryOptions = {},
  ): Promise<void> {
    await allOf([...entries].map(([key, value]) => this.set(key, value, options)));
  }

  /**
   * Ends an entry; true if there was one. What a factory that is running makes of the key is not stored. Rejects if Redis
   * does not take it, `closed`, `invalid-options`.
   */
  async delete(key: string): Promise<boolean> {
    this.#requireOpen();
    const keys = this.#parts.names.entry(key);
    const [deleted] = await this.#changing([keys.value], [this.#parts.redis.delete(keys)]);
    return deleted ?? false;
  }

  /** Ends many entries; resolves to how many there were. Rejects as {@link delete} does. */
  async deleteMany(keys: Iterable<string>): Promise<number> {
    const deleted = await allOf([...new Set(keys)].map((key) => this.delete(key)));
    return deleted.filter(Boolean).length;
  }

  /**
   * Ends all entries with any of the tags, however many there are, also those that are being made. Rejects if Redis does not
   * take it, `closed`, `invalid-options`.
   */
  async invalidateTags(tags: string | readonly string[]): Promise<void> {
    this.#requireOpen();
    const all = typeof tags === 'string' ? [tags] : [...new Set(tags)];
    const redisKeys = all.map((tag) => this.#parts.names.tag(tag));
    await this.#changing(
      redisKeys,
      all.map((tag) => this.#parts.redis.renewTag(tag)),
    );
  }

  /** Ends all entries of the namespace, one by one. Rejects if Redis does not take it, `closed`. */
  async clear(): Promise<void> {
    this.#requireOpen();
    try {
      for (const match of this.#parts.names.globs) {
        for await (const keys of this.#manager.scan({ match }))
          await Promise.all(keys.map((key) => this.#manager.call(['UNLINK', key])));
      }
    } finally {
      this.#local.invalidated(undefined);
    }
  }

  /** Figures of this cache in this process. */
  statistics(): CacheStatistics {
    return statisticsOf(this.#parts.counts, this.#local);
  }

  /** Aborts the factories that are running, and forgets what this process kept. Idempotent; also done by the manager's closing. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #fresh(key: string): Copy<Value> | undefined {
    if (this.#closed !== undefined) return undefined;
    const now = performance.now();
    const copy = this.#local.current(key, now);
    if (copy === undefined || now >= copy.freshUntil) return undefined;
    this.#parts.counts.localHits++;
    return copy;
  }

  async #get(key: string): Promise<Value | undefined> {
    const { copy, from, offline } = await this.#find(key);
    const now = performance.now();
    if (copy !== undefined && now < copy.freshUntil) {
      this.#parts.counts[from === 'local' ? 'localHits' : 'redisHits']++;
      return this.#valueIn(copy);
    }
    this.#parts.counts.misses++;
    const standIn = offline ? this.#local.standIn(key, now) : undefined;
    if (standIn === undefined) return undefined;
    this.#parts.counts.stale++;
    return this.#valueIn(standIn);
  }

  async #getOrSet(
    key: string,
    factory: Factory<Value>,
    { signal, ...options }: GetOrSetOptions,
  ): Promise<Value | undefined> {
    this.#requireOpen();
    const life = resolveLife(options, this.#options.life);
    const keys = this.#parts.names.entry(key);
    const tagKeys = life.tags.map((tag) => this.#parts.names.tag(tag));
    return this.#valueIn(await this.#parts.maker.get({ key, keys, factory, life, tagKeys, signal }));
  }

  async #find(key: string): Promise<Found<Value>> {
    this.#requireOpen();
    return this.#parts.finder.find(key, this.#parts.names.entry(key));
  }

  #valueIn(copy: Copy<Value>): Value | undefined {
    return valueIn(copy, this.#options.codec);
  }

  /** Whatever became of it: what this process knew of the keys may be wrong from now on. */
  async #changing<T>(redisKeys: readonly string[], work: readonly Promise<T>[]): Promise<T[]> {
    try {
      return await allOf(work);
    } finally {
      for (const redisKey of redisKeys) this.#local.invalidated(redisKey);
    }
  }

  #requireOpen(): void {
    if (this.#closed !== undefined) throw closedError();
  }

  async #close(): Promise<void> {
    this.#offState();
    this.#untrack();
    await this.#parts.maker.close(closedError());
    this.#local.invalidated(undefined);
    this.#local.gap();
  }
}

/** Waits for all, and rejects with the first failure. */
async function allOf<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
