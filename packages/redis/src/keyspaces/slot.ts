import { slotOf } from '../cluster/index.ts';
import { RedisManagerError } from '../errors.ts';

/**
 * Throws `crossslot` unless all keys lie in one slot: also on a standalone server, which would not mind, so that what
 * works there works on a Cluster.
 */
export function requireOneSlot(keys: readonly string[]): void {
  if (new Set(keys.map(slotOf)).size < 2) return;
  throw new RedisManagerError('Keys that are used together must share their slot tag: {…}', {
    code: 'crossslot',
    retryable: false,
    applied: 'no',
  });
}
