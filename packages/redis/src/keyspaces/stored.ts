import type { KeyspaceDefinition, KeyType } from './definition.ts';

/** A keyspace of Taproot's. */
export type Own = KeyspaceDefinition<string, KeyType, string>;

const DAY_MS = 86_400_000;
const feature = { evictable: false, multiKey: true } as const;
const cache = { type: 'string', profile: 'cache', evictable: true, owner: 'taproot:cache' } as const;
const sessions = { ...feature, owner: 'taproot:sessions', ttlMs: 7 * DAY_MS } as const;
const locks = { ...feature, owner: 'taproot:locks', type: 'string' } as const;
const rateLimit = { owner: 'taproot:rateLimit', type: 'hash', ttlMs: DAY_MS, evictable: false } as const;
const endless = { ...feature, noTtlBecause: 'Goes with the last entry.' } as const;
const revocations = { ...endless, owner: 'taproot:revocations' } as const;
const kept = { ...feature, noTtlBecause: 'Kept unless told otherwise.' } as const;
const agentState = { ...kept, owner: 'taproot:agentState' } as const;
const checkpoints = { ...kept, owner: 'taproot:langgraph' } as const;

export type Feature =
  | 'cache'
  | 'sessions'
  | 'locks'
  | 'rateLimit'
  | 'revocations'
  | 'agentState'
  | 'langgraph';

/** What each of the manager's features stores, by what its keys begin with. */
export const STORED: Readonly<Record<Feature, (prefix: string, name?: string) => readonly Own[]>> = {
  cache: (prefix, namespace = '<namespace>') => [
    { ...cache, template: `${prefix}:${namespace}:value:{key}`, ttlMs: 60_000, multiKey: true },
    { ...cache, template: `${prefix}.lease:${namespace}:{key}`, ttlMs: 3000, multiKey: true },
    { ...cache, template: `${prefix}:${namespace}:tag:<tag>`, ttlMs: 2 * DAY_MS },
  ],
  sessions: (prefix) => [
    { ...sessions, template: `${prefix}:{user}:<id>`, type: 'hash' },
    { ...sessions, template: `${prefix}:{user}:index`, type: 'zset' },
  ],
  locks: (prefix) => [
    { ...locks, template: `${prefix}:{name}`, ttlMs: 10_000 },
    { ...locks, template: `${prefix}:{name}:fence`, ttlMs: DAY_MS },
  ],
  rateLimit: (prefix, name = '<name>') => [{ ...rateLimit, template: `${prefix}:${name}:<key>` }],
  revocations: (prefix) => [
    { ...revocations, template: `${prefix}:{of}:list`, type: 'zset' },
    { ...revocations, template: `${prefix}:{of}:version`, type: 'string' },
  ],
  agentState: (prefix) => [
    { ...agentState, template: `${prefix}:{id}`, type: 'stream' },
    { ...agentState, template: `${prefix}:{id}:writes`, type: 'zset' },
  ],
  langgraph: (prefix) => [
    { ...checkpoints, template: `${prefix}:{thread}:index`, type: 'zset' },
    { ...checkpoints, template: `${prefix}:{thread}:data`, type: 'hash' },
  ],
};
