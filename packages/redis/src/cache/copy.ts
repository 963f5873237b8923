import type { Codec } from '../keyspaces/index.ts';
import type { Sized } from './bounded-map.ts';
import type { Stamp } from './coherence.ts';
import type { EntryKeys } from './names.ts';
import type { EntryRecord } from './record.ts';
import { freezeWhole } from './shareable.ts';
import type { TagView } from './tag-view.ts';

/** A tag as this process knows it, and the version of it that an entry was made under. */
export interface CopyTag {
  readonly view: TagView;
  readonly version: string;
}

/** An entry in this process. Times are by the monotonic clock. */
export interface Copy<Value> extends Sized {
  readonly key: string;
  readonly redisKey: string;
  readonly stamp: Stamp;
  /** Known to be absent: there is no value. */
  readonly absent: boolean;
  readonly freshUntil: number;
  readonly staleUntil: number;
  readonly usableUntil: number;
  readonly tags: readonly CopyTag[];
  /** Frozen, or as good as that. */
  readonly value: Value | undefined;
  /** In place of a value that cannot be shared. */
  readonly encoded: Buffer | undefined;
}

export interface CopySource<Value> {
  readonly key: string;
  readonly keys: EntryKeys;
  readonly record: EntryRecord;
  readonly stamp: Stamp;
  readonly tags: readonly CopyTag[];
  readonly codec: Codec<Value>;
}

/** Of a copy's own objects, and its places in the maps. */
const OVERHEAD_BYTES = 600;
/** Of a tag and its version. */
const TAG_BYTES = 200;
/** What objects take of the memory, beside the JSON that they came from. */
const DECODED_FACTOR = 4;

/** Makes a copy of what Redis gave, or was given. Throws what the codec throws. */
export function copyOf<Value>({ key, keys, record, stamp, tags, codec }: CopySource<Value>): Copy<Value> {
  const { body, freshMs, staleMs, usableMs } = record;
  const value = body === undefined ? undefined : codec.decode(body);
  const shared = body === undefined || freezeWhole(value);
  const names = key.length + keys.value.length;
  const size = (body?.length ?? 0) * (shared && typeof value === 'object' ? DECODED_FACTOR : 1);
  return {
    key,
    redisKey: keys.value,
    stamp,
    absent: body === undefined,
    freshUntil: stamp.knownAt + freshMs,
    staleUntil: stamp.knownAt + staleMs,
    usableUntil: stamp.knownAt + usableMs,
    tags,
    value: shared ? value : undefined,
    // A copy of its own: the reply's bytes are part of a larger piece of memory, and the caller may change them.
    encoded: shared ? undefined : Buffer.from(body),
    bytes: OVERHEAD_BYTES + TAG_BYTES * tags.length + 2 * names + size,
  };
}

/** The value for a caller, who cannot change the copy through it. */
export function valueIn<Value>({ value, encoded }: Copy<Value>, codec: Codec<Value>): Value | undefined {
  return encoded === undefined ? value : codec.decode(Buffer.from(encoded));
}
