import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { RedisManagerError } from '../errors.ts';
import type { Codec } from '../keyspaces/index.ts';
import type { CallOptions, RedisManager } from '../manager.ts';
import type { Stamp } from './coherence.ts';
import { type Copy, type CopyTag, copyOf } from './copy.ts';
import type { LocalLayer } from './local-layer.ts';
import type { EntryKeys, Names } from './names.ts';
import type { EntryLife } from './options.ts';
import { readRecord, type TagVersion, writeRecord } from './record.ts';
import { DELETE, READ, TAG_VERSION, TAKE_LEASE, WRITE } from './scripts.ts';
import type { Counts } from './statistics.ts';
import type { TagView } from './tag-view.ts';
import type { Watch } from './watches.ts';

export interface RedisLayerOptions<Value> {
  readonly manager: RedisManager;
  readonly names: Names;
  readonly local: LocalLayer<Value>;
  readonly codec: Codec<Value>;
  readonly counts: Counts;
  /** Of what {@link Cache.getOrSet} and reads ask. */
  readonly patience: CallOptions;
}

/** An answer that is under way; who asks the same joins, unless the key has changed since. */
interface Asked<T> {
  readonly watch: Watch;
  readonly answer: Promise<T>;
}

type Reply = readonly [record: Buffer | null, leftMs: number];

const DAY_MS = 86_400_000;

/** The entries in Redis. Everything rejects if Redis does not do it. */
export class RedisLayer<Value> {
  readonly #options: RedisLayerOptions<Value>;
  readonly #reads = new Map<string, Asked<Copy<Value> | undefined>>();
  readonly #reading: CallOptions;
  readonly #tagReads = new Map<string, Asked<TagView>>();

  constructor(options: RedisLayerOptions<Value>) {
    this.#options = options;
    this.#reading = { ...options.patience, buffers: true };
  }

  /** The entry, fresh or not, if it is of any use; this process keeps a copy of it. */
  read(key: string, keys: EntryKeys): Promise<Copy<Value> | undefined> {
    return this.#shared(this.#reads, keys.value, async (watch, stamp) => {
      const input = { keys: [keys.value], args: [] };
      const reply = (await this.#options.manager.script(READ, input, this.#reading)) as Reply;
      const copy = await this.#copy(key, keys, reply, stamp);
      if (copy !== undefined) this.#options.local.keep(copy, watch);
      return copy;
    });
  }

  /** Asks for the lease of an entry as `token`, and for the entry as it then is. */
  async takeLease(
    key: string,
    keys: EntryKeys,
    [token, leaseMs]: readonly [token: string, leaseMs: number],
  ): Promise<{ readonly ours: boolean; readonly copy: Copy<Value> | undefined }> {
    const stamp = this.#options.local.stamp();
    const input = { keys: [keys.value, keys.lease], args: [token, String(leaseMs)] };
    const reply = await this.#options.manager.script(TAKE_LEASE, input, this.#reading);
    const [ours, ...found] = reply as [number, ...Reply];
    return { ours: ours === 1, copy: await this.#copy(key, keys, found, stamp) };
  }

  async write(keys: EntryKeys, body: Buffer, life: EntryLife): Promise<void> {
    const tags = await this.tagVersions(life, {});
    const { stored, keepMs } = writeRecord(body, life, tags);
    const input = { keys: [keys.value, keys.lease], args: [stored, String(keepMs)] };
    await this.#options.manager.script(WRITE, input);
  }

  async delete(keys: EntryKeys): Promise<boolean> {
    return (await this.#options.manager.script(DELETE, { keys: [keys.value, keys.lease], args: [] })) === 1;
  }

  /** The versions under which an entry is made from now on. */
  tagVersions({ tags, ...life }: EntryLife, options: CallOptions): Promise<TagVersion[]> {
    const longest = life.ttlMs + life.negativeTtlMs + life.graceMs + life.staleWhileRevalidateMs;
    const keepMs = String(2 * Math.max(longest, DAY_MS));
    const { manager, names } = this.#options;
    const version = async (tag: string): Promise<TagVersion> => {
      const input = { keys: [names.tag(tag)], args: [randomUUID(), keepMs] };
      return [tag, String(await manager.script(TAG_VERSION, input, options))];
    };
    return Promise.all(tags.map(version));
  }

  /** A new version: no entry that there is was made under it. */
  async renewTag(tag: string): Promise<void> {
    const args = ['SET', this.#options.names.tag(tag), randomUUID(), 'PX', String(2 * DAY_MS)];
    await this.#options.manager.call(args);
  }

  /** Undefined: it is none, of no use any more, or of before a tag's invalidation. */
  async #copy(
    key: string,
    keys: EntryKeys,
    [stored, leftMs]: Reply,
    stamp: Stamp,
  ): Promise<Copy<Value> | undefined> {
    const record = stored === null ? undefined : readRecord(stored, leftMs);
    if (record === undefined) return undefined;
    const tags = await Promise.all(record.tags.map((tag) => this.#copyTag(tag)));
    if (tags.some(({ view, version }) => view.version !== version)) return undefined;
    try {
      return copyOf({ key, keys, record, stamp, tags, codec: this.#options.codec });
    } catch {
      // Of an older or newer program, or of somebody else: as good as none.
      this.#options.counts.valueErrors++;
      return undefined;
    }
  }

  async #copyTag([tag, version]: TagVersion): Promise<CopyTag> {
    const redisKey = this.#options.names.tag(tag);
    const { local, manager, patience } = this.#options;
    const known = local.tag(redisKey, performance.now());
    // Another one than the entry's may be out of date: whoever wrote the entry, also this process, asked Redis.
    if (known?.version === version) return { view: known, version };
    const view = await this.#shared(this.#tagReads, redisKey, async (watch, stamp) => {
      const reply = await manager.call(['GET', redisKey], patience);
      return local.keepTag(redisKey, reply === null ? undefined : String(reply), stamp, watch);
    });
    return { view, version };
  }

  #shared<T>(
    asked: Map<string, Asked<T>>,
    redisKey: string,
    ask: (watch: Watch, stamp: Stamp) => Promise<T>,
  ): Promise<T> {
    const present = asked.get(redisKey);
    if (present !== undefined && !present.watch.changed) return present.answer;
    const watch = this.#options.local.watch(redisKey);
    const answer = ask(watch, this.#options.local.stamp()).finally(() => {
      watch.end();
      if (asked.get(redisKey)?.watch === watch) asked.delete(redisKey);
    });
    asked.set(redisKey, { watch, answer });
    return answer;
  }
}

/** Runs what may fail because of Redis; undefined then, or the value. Other errors are not caught. */
export async function unlessRedisFails<T>(work: Promise<T>, counts: Counts): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof RedisManagerError)) throw error;
    counts.redisErrors++;
    return undefined;
  }
}
