import type { DeclaredKeyspace } from '../inspect/index.ts';

interface OwnKeyspace {
  readonly pattern: RegExp;
  readonly keyspace: DeclaredKeyspace;
}

/** What Taproot itself stores: the manager, and the chat server on top of it. */
export const OWN_KEYSPACES: readonly OwnKeyspace[] = [
  own(/^taproot:deployment$/, 'taproot:deployment', 'manager', 'none'),
  own(/^[\w.-]{1,32}:probe:[0-9a-f-]{36}$/, 'probe', 'manager', 60_000),
  own(/^taproot:session:/, 'taproot:session', 'chat', 7 * 86_400_000),
  own(/^taproot:ticket:/, 'taproot:ticket', 'chat', 30_000),
  own(/^taproot:\{thread:.+\}:run:/s, 'taproot:{thread}:run', 'chat', 'none'),
  own(/^taproot:\{thread:.+\}/s, 'taproot:{thread}', 'chat', 'none'),
  own(/^taproot:\{user:.+\}:threads$/s, 'taproot:{user}:threads', 'chat', 'none'),
  own(/^taproot:\{pending:\d+\}$/, 'taproot:{pending}', 'chat', 'none'),
];

function own(pattern: RegExp, name: string, owner: string, ttl: DeclaredKeyspace['ttl']): OwnKeyspace {
  return { pattern, keyspace: { name, owner, ttl } };
}
