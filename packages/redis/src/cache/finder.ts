import { performance } from 'node:perf_hooks';
import type { Copy } from './copy.ts';
import type { LocalLayer } from './local-layer.ts';
import type { EntryKeys } from './names.ts';
import { type RedisLayer, unlessRedisFails } from './redis-layer.ts';
import type { Counts } from './statistics.ts';

/** What there is of an entry, fresh or not. */
export interface Found<Value> {
  readonly copy: Copy<Value> | undefined;
  readonly from: 'local' | 'redis';
  /** Redis did not answer. */
  readonly offline: boolean;
}

/** Looks for entries in this process, then in Redis. Never rejects because of Redis. */
export class Finder<Value> {
  readonly #local: LocalLayer<Value>;
  readonly #redis: RedisLayer<Value>;
  readonly #counts: Counts;

  constructor(local: LocalLayer<Value>, redis: RedisLayer<Value>, counts: Counts) {
    this.#local = local;
    this.#redis = redis;
    this.#counts = counts;
  }

  async find(key: string, keys: EntryKeys): Promise<Found<Value>> {
    const now = performance.now();
    const known = this.#local.current(key, now);
    if (known !== undefined && now < known.usableUntil) return { copy: known, from: 'local', offline: false };
    const reading = this.#redis.read(key, keys).then((copy) => ({ copy }));
    const read = await unlessRedisFails(reading, this.#counts);
    return { copy: read?.copy, from: 'redis', offline: read === undefined };
  }

  /** What may stand in for a value that cannot be had. What was invalidated never does. */
  async standIn(key: string, keys: EntryKeys): Promise<Copy<Value> | undefined> {
    const { copy, offline } = await this.find(key, keys);
    const now = performance.now();
    if (offline) return this.#local.standIn(key, now);
    return copy !== undefined && now < copy.usableUntil ? copy : undefined;
  }
}
