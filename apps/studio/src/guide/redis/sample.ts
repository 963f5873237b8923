import { performance } from 'node:perf_hooks';
import { type KeyPart, keyFamily, keyParts, maskNames, shortKey } from '@taproot/redis';
import type { RedisReader } from './reader.ts';
import { attempt, list, number, text } from './replies.ts';

/** What is known about one key. Its name is already masked: tools' results are kept in the thread's log. */
export interface SampledKey {
  readonly template: string;
  readonly shortKey: string;
  readonly type: string;
  /** By MEMORY USAGE, itself estimated for large collections; absent where the server does not tell. */
  readonly bytes?: number;
  /** Milliseconds until it expires; absent if it never does. */
  readonly ttlMs?: number;
}

/** Keys found by a walk over the keyspace that is bounded in keys and in time. */
export interface KeySample {
  readonly keys: readonly SampledKey[];
  /** Keys of the selected database. */
  readonly total: number;
  /** Whether the walk saw all of them. */
  readonly complete: boolean;
}

export interface SampleLimits {
  /** @default 1000 */
  readonly maxKeys?: number;
  /** @default 1500 */
  readonly maxMs?: number;
}

/** Few enough that the chat's own commands are hardly delayed behind them. */
const SCAN_COUNT = 100;
/** Elements of a collection that MEMORY USAGE looks at. */
const MEMORY_SAMPLES = '5';

/** SCAN walks the hash table, where neighbours have nothing in common, so its first keys are a fair sample. */
export async function sampleKeys(redis: RedisReader, limits: SampleLimits = {}): Promise<KeySample> {
  const { maxKeys = 1000, maxMs = 1500 } = limits;
  const until = performance.now() + maxMs;
  const total = number(await redis.call(['DBSIZE']));
  const seen = new Map<string, RawKey>();
  let cursor = '0';
  do {
    const [next, found] = list(
      await redis.call(['SCAN', cursor, 'COUNT', String(SCAN_COUNT)], { buffers: true }),
    );
    cursor = text(next);
    // SCAN may return a key twice; latin1 keeps bytes that are no text apart.
    const fresh = list(found)
      .filter(Buffer.isBuffer)
      .filter((key) => !seen.has(key.toString('latin1')));
    for (const raw of await Promise.all(fresh.map((key) => inspect(redis, key)))) {
      if (raw !== undefined) seen.set(raw.key.toString('latin1'), raw);
    }
  } while (cursor !== '0' && seen.size < maxKeys && performance.now() < until);
  return { keys: masked([...seen.values()]), total, complete: cursor === '0' };
}

interface RawKey {
  readonly key: Buffer;
  readonly type: string;
  readonly bytes: number | undefined;
  readonly ttlMs: number;
}

async function inspect(redis: RedisReader, key: Buffer): Promise<RawKey | undefined> {
  const [type, bytes, ttlMs] = await Promise.all([
    redis.call(['TYPE', key]),
    attempt(() => redis.call(['MEMORY', 'USAGE', key, 'SAMPLES', MEMORY_SAMPLES])),
    redis.call(['PTTL', key]),
  ]);
  // Gone since SCAN saw it.
  if (text(type) === 'none') return undefined;
  return {
    key,
    type: text(type),
    bytes: typeof bytes === 'number' ? bytes : undefined,
    ttlMs: number(ttlMs),
  };
}

function masked(raw: readonly RawKey[]): SampledKey[] {
  const parts: KeyPart[][] = maskNames(raw.map(({ key }) => keyParts(key.toString())));
  return raw.map(({ type, bytes, ttlMs }, index) => ({
    template: keyFamily(parts[index] ?? []),
    shortKey: shortKey(parts[index] ?? []),
    type,
    ...(bytes !== undefined && { bytes }),
    ...(ttlMs >= 0 && { ttlMs }),
  }));
}
