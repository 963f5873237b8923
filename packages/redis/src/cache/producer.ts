import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { fullJitter } from '../connection/backoff.ts';
import type { CallOptions, RedisManager } from '../manager.ts';
import type { Stamp } from './coherence.ts';
import { type Copy, copyOf } from './copy.ts';
import { type Factory, runFactory } from './factory.ts';
import { CacheLease, endLease } from './lease.ts';
import type { LocalLayer } from './local-layer.ts';
import type { EntryKeys } from './names.ts';
import type { EntryLife, ResolvedCacheOptions } from './options.ts';
import { type Written, writeRecord } from './record.ts';
import { type RedisLayer, unlessRedisFails } from './redis-layer.ts';
import type { Counts } from './statistics.ts';

export interface ProducerOptions<Value> {
  readonly manager: RedisManager;
  readonly redis: RedisLayer<Value>;
  readonly local: LocalLayer<Value>;
  readonly counts: Counts;
  readonly patience: CallOptions;
  readonly cache: ResolvedCacheOptions<Value>;
}

/** An entry to make. */
export interface Order<Value> {
  readonly key: string;
  readonly keys: EntryKeys;
  readonly factory: Factory<Value>;
  readonly life: EntryLife;
  /** Redis did not answer just now: it is not asked. */
  readonly offline: boolean;
  /** Gives up, with undefined, where another process is making it or has taken longer than `waitMs`. */
  readonly yields: 'at-once' | 'late' | 'never';
}

/** What a process may do to get an entry. */
type Permit<Value> =
  /** Take what somebody else has made. */
  | { readonly kind: 'made'; readonly copy: Copy<Value> }
  /** Make it and store it. */
  | { readonly kind: 'lease'; readonly lease: CacheLease }
  /** Somebody else is making it. */
  | { readonly kind: 'held' }
  /** Redis does not answer. */
  | { readonly kind: 'offline' };

/** How often to ask again for a lease that another process holds; a stored value is told at once. */
const [POLL_MIN_MS, POLL_MAX_MS] = [25, 250];

/** Makes entries, one process at a time for each. */
export class Producer<Value> {
  readonly #options: ProducerOptions<Value>;

  constructor(options: ProducerOptions<Value>) {
    this.#options = options;
  }

  /** The new entry; undefined if it yields. Rejects as the factory does. */
  async make(order: Order<Value>, signal: AbortSignal): Promise<Copy<Value> | undefined> {
    const permit = order.offline ? ({ kind: 'offline' } as const) : await this.#permit(order, signal);
    if (permit.kind === 'made') return permit.copy;
    if (permit.kind === 'held' && order.yields !== 'never') return undefined;
    try {
      return await this.#make(order, permit, signal);
    } finally {
      if (permit.kind === 'lease') await permit.lease.end();
    }
  }

  /** Waits for the lease, or for the entry, until the holder has taken too long. */
  async #permit(order: Order<Value>, signal: AbortSignal): Promise<Permit<Value>> {
    const token = randomUUID();
    const endsAt = performance.now() + this.#options.cache.waitMs;
    for (let tries = 0; ; tries++) {
      const watch = this.#options.local.watch(order.keys.value);
      try {
        const permit = await this.#ask(order, token);
        const leftMs = endsAt - performance.now();
        if (permit.kind !== 'held' || order.yields === 'at-once' || leftMs <= 0) return permit;
        const pollMs = POLL_MIN_MS + fullJitter(tries, POLL_MIN_MS, POLL_MAX_MS);
        await watch.wait(Math.min(pollMs, leftMs), signal);
        signal.throwIfAborted();
      } finally {
        watch.end();
      }
    }
  }

  async #ask({ key, keys }: Order<Value>, token: string): Promise<Permit<Value>> {
    const { manager, redis, counts, patience, cache } = this.#options;
    const { leaseMs } = cache;
    const wanted = { manager, keys, token, leaseMs, patience };
    const taken = await unlessRedisFails(redis.takeLease(key, keys, [token, leaseMs]), counts);
    if (taken === undefined) {
      // It may have been taken all the same. Not waited for: Redis is away.
      void endLease(wanted);
      return { kind: 'offline' };
    }
    const { ours, copy } = taken;
    const lease = ours ? new CacheLease(wanted) : undefined;
    if (copy !== undefined && performance.now() < copy.freshUntil) {
      await lease?.end();
      return { kind: 'made', copy };
    }
    return lease === undefined ? { kind: 'held' } : { kind: 'lease', lease };
  }

  async #make(order: Order<Value>, permit: Permit<Value>, signal: AbortSignal): Promise<Copy<Value>> {
    const { redis, local, counts, patience, cache } = this.#options;
    const { life } = order;
    const lease = permit.kind === 'lease' ? permit.lease : undefined;
    // Before the factory begins: what it reads may be of before an invalidation that comes from now on.
    const tags = lease && (await unlessRedisFails(redis.tagVersions(life, patience), counts));
    const watch = local.watch(order.keys.value);
    const stamp = local.stamp(false);
    try {
      const value = await this.#run(order, signal);
      const body = value === undefined ? undefined : Buffer.from(cache.codec.encode(value));
      const written = writeRecord(body, life, tags ?? []);
      const copy = this.#copy(order, written, stamp);
      if (!this.#storable(body, life)) return copy;
      const stored = tags && (await unlessRedisFails(lease.store(written), counts));
      if (!stored) counts.unstored++;
      // What Redis could not take is worth a moment here, so that its outage is not one of what the factory asks.
      const failed = permit.kind !== 'held' && stored === undefined;
      if (failed && life.tags.length === 0) local.keep(copy, watch);
      return copy;
    } finally {
      watch.end();
    }
  }

  async #run({ key, factory }: Order<Value>, signal: AbortSignal): Promise<Value | undefined> {
    const { counts, cache } = this.#options;
    counts.runs++;
    try {
      return await runFactory(factory, { key, signal }, cache.factoryTimeoutMs);
    } catch (error) {
      counts.factoryErrors++;
      throw error;
    }
  }

  #storable(body: Buffer | undefined, life: EntryLife): boolean {
    if (body === undefined) return life.negativeTtlMs > 0;
    if (body.length <= this.#options.cache.maxValueBytes) return true;
    this.#options.counts.valueErrors++;
    return false;
  }

  /** As anybody else will read it, so that a value does not change its shape when it comes from the cache. */
  #copy({ key, keys }: Order<Value>, { record }: Written, stamp: Stamp): Copy<Value> {
    return copyOf({ key, keys, record, stamp, tags: [], codec: this.#options.cache.codec });
  }
}
