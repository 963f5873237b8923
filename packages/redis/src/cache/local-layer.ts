import type { InvalidationListener } from '../tracking.ts';
import { BoundedMap, type Bounds } from './bounded-map.ts';
import { Coherence, type Stamp } from './coherence.ts';
import type { Copy } from './copy.ts';
import { type TagView, tagView } from './tag-view.ts';
import { type Watch, Watches } from './watches.ts';

export interface LocalLayerOptions extends Bounds {
  readonly maxStalenessMs: number;
  /** An entry was pushed out by others. */
  readonly onEvicted: () => void;
  /** A key of the namespace changed; undefined: all may have. */
  readonly onChanged: (redisKey: string | undefined) => void;
}

/** Of the memory. */
const TAGS_SHARE = 1 / 8;

/** The copies of entries in this process, and what is known of tags. It tells what is current; the server tells it of changes. */
export class LocalLayer<Value> implements InvalidationListener {
  readonly #options: LocalLayerOptions;
  readonly #coherence: Coherence;
  readonly #watches = new Watches();
  readonly #copies: BoundedMap<Copy<Value>>;
  readonly #tags: BoundedMap<TagView>;
  /** The copies by their keys in Redis, by which changes are told. */
  readonly #byRedisKey = new Map<string, Copy<Value>>();

  constructor(options: LocalLayerOptions) {
    this.#options = options;
    this.#coherence = new Coherence(options.maxStalenessMs);
    const { maxEntries, maxBytes } = options;
    const forTags = maxBytes * TAGS_SHARE;
    this.#copies = new BoundedMap({ maxEntries, maxBytes: maxBytes - forTags }, (copy, pushed) => {
      this.#byRedisKey.delete(copy.redisKey);
      if (pushed) options.onEvicted();
    });
    this.#tags = new BoundedMap({ maxEntries, maxBytes: forTags }, (view) => {
      view.ended = true;
    });
  }

  get entries(): number {
    return this.#copies.size;
  }

  get bytes(): number {
    return this.#copies.bytes + this.#tags.bytes;
  }

  /** Whether changes are told now. */
  get live(): boolean {
    return this.#coherence.live;
  }

  /** Of what is asked now, or of what Redis does not have. */
  stamp(shared = true): Stamp {
    return shared ? this.#coherence.stamp() : this.#coherence.unsharedStamp();
  }

  /** What Redis would give for the key as well, fresh or not. */
  current(key: string, now: number): Copy<Value> | undefined {
    const copy = this.#copies.get(key);
    return copy !== undefined && this.#isCurrent(copy, now) ? copy : undefined;
  }

  /** What may stand in while Redis does not answer: not known to have changed, and known to be so not longer ago than its grace. */
  standIn(key: string, now: number): Copy<Value> | undefined {
    const copy = this.#copies.get(key);
    if (copy === undefined || now >= copy.usableUntil || !copy.tags.every(holds)) return undefined;
    const graceMs = copy.usableUntil - copy.freshUntil;
    return now - this.#coherence.lastKnown(copy.stamp) <= graceMs ? copy : undefined;
  }

  /** The version of a tag as Redis would give it; undefined: it has to be asked. */
  tag(redisKey: string, now: number): TagView | undefined {
    const view = this.#tags.get(redisKey);
    return view !== undefined && this.#coherence.trusts(view.stamp, now) ? view : undefined;
  }

  /** Begins before a question, so that its answer is not kept if the key changes before it comes. */
  watch(redisKey: string): Watch {
    return this.#watches.begin(redisKey);
  }

  keep(copy: Copy<Value>, watch: Watch): void {
    this.#copies.delete(copy.key);
    if (watch.changed || !copy.tags.every(holds)) return;
    if (this.#copies.set(copy.key, copy)) this.#byRedisKey.set(copy.redisKey, copy);
  }

  keepTag(redisKey: string, version: string | undefined, stamp: Stamp, watch: Watch): TagView {
    const view = tagView(redisKey, version, stamp);
    view.ended = watch.changed || !this.#tags.set(redisKey, view);
    return view;
  }

  gap(): void {
    this.#coherence.gap();
  }

  proven(until: number): void {
    this.#coherence.proven(until);
  }

  /** From the server, or from this process's own writes. */
  invalidated(redisKey: string | undefined): void {
    this.#watches.changed(redisKey);
    if (redisKey === undefined) {
      this.#copies.clear();
      this.#tags.clear();
    } else {
      const copy = this.#byRedisKey.get(redisKey);
      if (copy !== undefined) this.#copies.delete(copy.key);
      this.#tags.delete(redisKey);
    }
    this.#options.onChanged(redisKey);
  }

  #isCurrent({ stamp, tags }: Copy<Value>, now: number): boolean {
    if (!this.#coherence.trusts(stamp, now)) return false;
    for (const { view, version } of tags) {
      if (view.ended || view.version !== version || !this.#coherence.trusts(view.stamp, now)) return false;
    }
    return true;
  }
}

function holds({ view, version }: Copy<unknown>['tags'][number]): boolean {
  return !view.ended && view.version === version;
}
