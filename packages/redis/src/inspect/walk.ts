import type { Reader } from './reader.ts';
import { list, number, text } from './replies.ts';
import type { KeyMeasure } from './tally.ts';

/** Names that Redis looks at for one page: well under a millisecond of its time. */
const SCAN_COUNT = '500';
/** Elements of a collection that MEMORY USAGE looks at. */
const MEMORY_SAMPLES = '5';

/** Names of all keys, page by page; undefined where the server does not let us. The walk is over when the pages end. */
export async function* scanPages(reader: Reader): AsyncGenerator<readonly Buffer[] | undefined> {
  let cursor = '0';
  do {
    reader.throwIfAborted();
    const reply = await reader.optional('SCAN', ['SCAN', cursor, 'COUNT', SCAN_COUNT], { buffers: true });
    if (reply === undefined) {
      yield undefined;
      return;
    }
    const [next, keys] = list(reply);
    cursor = text(next);
    yield list(keys).filter(Buffer.isBuffer);
  } while (cursor !== '0');
}

/** Undefined if the key is gone, or the server tells nothing of it. None of the commands counts as a use of the key, so eviction is not misled. */
export async function measureKey(reader: Reader, key: Buffer): Promise<KeyMeasure | undefined> {
  const [type, ttl, bytes] = await Promise.all([
    reader.optional('TYPE', ['TYPE', key]),
    reader.optional('PTTL', ['PTTL', key]),
    reader.optional('MEMORY USAGE', ['MEMORY', 'USAGE', key, 'SAMPLES', MEMORY_SAMPLES]),
  ]);
  const measure: KeyMeasure = {
    type: type === undefined ? undefined : text(type),
    ttlMs: ttl === undefined ? undefined : number(ttl),
    bytes: bytes === undefined || bytes === null ? undefined : number(bytes),
  };
  const gone = measure.type === 'none' || measure.ttlMs === -2;
  const known = measure.type !== undefined || measure.ttlMs !== undefined || measure.bytes !== undefined;
  return gone || !known ? undefined : measure;
}

/** Keys of the selected database; undefined where the server does not tell. */
export async function countKeys(reader: Reader): Promise<number | undefined> {
  const reply = await reader.optional('DBSIZE', ['DBSIZE']);
  return reply === undefined ? undefined : number(reply);
}
