import { DEPLOYMENT_KEY } from '../deployment.ts';
import type { KeyspaceDefinition, KeyType } from './definition.ts';
import { RENAMES_KEY } from './rename.ts';

type Own = KeyspaceDefinition<string, KeyType, string>;

const DAY_MS = 86_400_000;
const manager = { owner: 'taproot:manager', evictable: false } as const;
const chat = { owner: 'taproot:chat', evictable: false, encoding: 'raw' } as const;
const noTtlBecause = 'Lives as long as its thread.';

/** What Taproot itself stores: the manager, and the chat server on top of it. */
export const OWN_KEYSPACES: readonly Own[] = [
  { ...manager, template: DEPLOYMENT_KEY, type: 'hash', noTtlBecause: 'What all processes agree on.' },
  { ...manager, template: RENAMES_KEY, type: 'hash', noTtlBecause: 'Deleted with the old keys.' },
  { ...manager, template: 'taproot:probe:<id>', type: 'string', ttlMs: 60_000 },
  { ...manager, template: 'taproot:probe:<id>:{slot}', type: 'string', ttlMs: 60_000 },
  { ...chat, template: 'taproot:session:<id>', type: 'string', ttlMs: 7 * DAY_MS, profile: 'critical' },
  { ...chat, template: 'taproot:ticket:<hash>', type: 'string', ttlMs: 30_000, profile: 'critical' },
  { ...chat, template: 'taproot:{thread:<thread>}:log', type: 'stream', noTtlBecause, multiKey: true },
  { ...chat, template: 'taproot:{thread:<thread>}:head', type: 'hash', noTtlBecause, multiKey: true },
  { ...chat, template: 'taproot:{thread:<thread>}:meta', type: 'hash', noTtlBecause, multiKey: true },
  { ...chat, template: 'taproot:{thread:<thread>}:ids', type: 'hash', noTtlBecause, multiKey: true },
  { ...chat, template: 'taproot:{thread:<thread>}:queue', type: 'list', noTtlBecause, multiKey: true },
  { ...chat, template: 'taproot:{thread:<thread>}:run:<run>', type: 'hash', noTtlBecause, multiKey: true },
  {
    ...chat,
    template: 'taproot:{user:<user>}:threads',
    type: 'zset',
    noTtlBecause: 'Lives as long as its user.',
  },
  { ...chat, template: 'taproot:{pending:<partition>}', type: 'zset', noTtlBecause: 'Sixteen keys in all.' },
];

const feature = { evictable: false, multiKey: true } as const;
const sessions = { ...feature, owner: 'taproot:sessions', ttlMs: 7 * DAY_MS } as const;
const locks = { ...feature, owner: 'taproot:locks', type: 'string' } as const;
const revocations = {
  ...feature,
  owner: 'taproot:revocations',
  noTtlBecause: 'Goes with the last entry.',
} as const;
const agentState = {
  ...feature,
  owner: 'taproot:agentState',
  noTtlBecause: 'Kept unless told otherwise.',
} as const;
const checkpoints = { ...agentState, owner: 'taproot:langgraph' } as const;

/** What the manager's features store while they are used under their default prefixes. */
export const FEATURE_KEYSPACES: readonly Own[] = [
  { ...sessions, template: 'session:{user}:<id>', type: 'hash' },
  { ...sessions, template: 'session:{user}:index', type: 'zset' },
  { ...locks, template: 'lock:{name}', ttlMs: 10_000 },
  { ...locks, template: 'lock:{name}:fence', ttlMs: DAY_MS },
  {
    ...feature,
    owner: 'taproot:rateLimit',
    template: 'rate:<name>:<key>',
    type: 'hash',
    ttlMs: DAY_MS,
    multiKey: false,
  },
  { ...revocations, template: 'revoked:{of}:list', type: 'zset' },
  { ...revocations, template: 'revoked:{of}:version', type: 'string' },
  { ...agentState, template: 'state:{id}', type: 'stream' },
  { ...agentState, template: 'state:{id}:writes', type: 'zset' },
  { ...checkpoints, template: 'langgraph:{thread}:index', type: 'zset' },
  { ...checkpoints, template: 'langgraph:{thread}:data', type: 'hash' },
];
