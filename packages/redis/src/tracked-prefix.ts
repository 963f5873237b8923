import { RedisManagerError } from './errors.ts';

/** Whether some key could begin with both. The server refuses to tell of such prefixes on one connection. */
export function overlap(a: string, b: string): boolean {
  return a !== b && (a.startsWith(b) || b.startsWith(a));
}

/** Throws `invalid-options` for a prefix that cannot be tracked beside the others: nobody would be told any more. */
export function requireTrackable(prefix: string, others: Iterable<string>): void {
  // Of callers without types.
  if (typeof prefix !== 'string') throw refused(`a text, got ${typeof prefix}`);
  for (const other of others)
    if (overlap(prefix, other)) throw refused(`one that none begins with, got one beside ${other}`);
}

function refused(what: string): RedisManagerError {
  return new RedisManagerError(`A tracked prefix: expected ${what}`, {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
  });
}
