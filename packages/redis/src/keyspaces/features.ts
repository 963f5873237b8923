import { keyspaces } from './registry.ts';
import { type Feature, type Own, STORED } from './stored.ts';

/** What the manager's features store while they are used under their default prefixes. */
export const FEATURE_KEYSPACES: readonly Own[] = [
  ...STORED.cache('cache'),
  ...STORED.sessions('session'),
  ...STORED.locks('lock'),
  ...STORED.rateLimit('rate'),
  ...STORED.revocations('revoked'),
  ...STORED.agentState('state'),
  ...STORED.langgraph('langgraph'),
];

/**
 * Claims the keys of a feature that is made, so that they have one owner from then on, and `inspect` knows them. `name` is what
 * follows the prefix. Throws `keyspace-taken` if the program, a library or another feature has the prefix; `invalid-options` for
 * one that no key can begin with.
 */
export function claimKeyspaces(of: Feature, prefix: string, name?: string): void {
  for (const definition of STORED[of](prefix, name))
    keyspaces.define<string, Own['type'], string>(definition);
}
