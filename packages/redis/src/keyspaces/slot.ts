import { slotOf } from '../cluster/index.ts';
import { RedisManagerError } from '../errors.ts';

/**
 * Throws `crossslot` unless all keys lie in one slot: also on a standalone server, which would not mind, so that what
 * works there works on a Cluster.
 */
export function requireOneSlot(keys: readonly string[]): void {
  // Most have the same tag, and comparing it costs less than a checksum of each.
  const tag = tagOf(keys[0] ?? '');
  if (keys.every((key) => tagOf(key) === tag) || new Set(keys.map(slotOf)).size < 2) return;
  throw new RedisManagerError('Keys that are used together must share their slot tag: {…}', {
    code: 'crossslot',
    retryable: false,
    applied: 'no',
  });
}

/** What stands for a key's slot: its hash tag, else all of it. */
function tagOf(key: string): string {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}
