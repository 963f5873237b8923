import { DEPLOYMENT_KEY } from '../deployment.ts';
import { RENAMES_KEY } from './rename.ts';
import { type Own, STORED } from './stored.ts';

const manager = { owner: 'taproot:manager', evictable: false } as const;
const chat = { owner: 'taproot:chat', evictable: false, encoding: 'raw' } as const;
const noTtlBecause = 'Lives as long as its thread.';

/** What Taproot itself stores: the manager, and the chat server on top of it. */
export const OWN_KEYSPACES: readonly Own[] = [
  { ...manager, template: DEPLOYMENT_KEY, type: 'hash', noTtlBecause: 'What all processes agree on.' },
  { ...manager, template: RENAMES_KEY, type: 'hash', noTtlBecause: 'Deleted with the old keys.' },
  { ...manager, template: 'taproot:probe:<app>:<id>', type: 'string', ttlMs: 60_000 },
  { ...manager, template: 'taproot:probe:<app>:<id>:{slot}', type: 'string', ttlMs: 60_000 },
  ...STORED.sessions('taproot:session'),
  ...STORED.rateLimit('taproot:rate'),
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
