import type { RedisArgument } from '../connection/call.ts';

/** What to look for. */
export interface ScanOptions {
  /** Glob pattern of the keys' names. @default all */
  readonly match?: string;
  /** Type of the keys, e.g. `hash`. @default all */
  readonly type?: string;
  /** How many keys Redis looks at for one page, at least 1. @default 500 */
  readonly count?: number;
}

/**
 * Names of keys, page by page. A key that is there all the time comes at least once; it may come twice, and keys that come
 * or go meanwhile may or may not (Redis, "SCAN").
 */
export async function* scanKeys(
  send: (args: readonly RedisArgument[]) => Promise<unknown>,
  { match, type, count = 500 }: ScanOptions,
): AsyncGenerator<string[]> {
  const filters = [
    ...(match === undefined ? [] : ['MATCH', match]),
    ...(type === undefined ? [] : ['TYPE', type]),
  ];
  let cursor = '0';
  do {
    const [next, keys] = (await send(['SCAN', cursor, ...filters, 'COUNT', String(count)])) as [
      string,
      string[],
    ];
    cursor = String(next);
    if (keys.length > 0) yield keys;
  } while (cursor !== '0');
}
