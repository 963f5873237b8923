import type { KeyspaceFacts } from './keyspace.ts';

/** What can be wrong with declared keyspaces, one sentence each. */
export const KEYSPACE_RULES = {
  'no-owner': 'Nobody answers for it.',
  'no-ttl': 'Its keys have no time to live, and nothing says why.',
  overlap: 'A key can belong to two keyspaces.',
  'no-tag': 'Several of its keys are used together, and no slot tag keeps them in one slot.',
  'critical-evictable': 'Decisions that must not be wrong rest on keys that Redis may throw away.',
  'cache-not-evictable': 'It is used as a cache, and yet Redis may not throw its keys away.',
} as const;

export type KeyspaceRule = keyof typeof KEYSPACE_RULES;

export interface KeyspaceProblem {
  readonly rule: KeyspaceRule;
  /** Template of the keyspace. */
  readonly keyspace: string;
  readonly owner: string;
  readonly message: string;
}

/** Checks declared keyspaces. What makes a registry unusable is an error already when it is declared. */
export function lintKeyspaces({
  keyspaces,
}: {
  readonly keyspaces: readonly KeyspaceFacts[];
}): KeyspaceProblem[] {
  const sorted = keyspaces.toSorted((a, b) => (a.template.text < b.template.text ? -1 : 1));
  return sorted.flatMap((keyspace, index) =>
    problemsOf(keyspace, sorted.slice(index + 1)).map(([rule, message]) => ({
      rule,
      keyspace: keyspace.template.text,
      owner: keyspace.owner,
      message,
    })),
  );
}

function problemsOf(keyspace: KeyspaceFacts, others: readonly KeyspaceFacts[]): [KeyspaceRule, string][] {
  const { owner, ttlMs, noTtlBecause, multiKey, template, profile, evictable } = keyspace;
  const plain: [KeyspaceRule, boolean][] = [
    // Of callers without types.
    ['no-owner', typeof owner !== 'string' || owner.trim() === ''],
    ['no-ttl', ttlMs === undefined && (noTtlBecause ?? '').trim() === ''],
    ['no-tag', multiKey && !template.tagged && template.parameters.length > 0],
    ['critical-evictable', profile === 'critical' && evictable],
    ['cache-not-evictable', profile === 'cache' && !evictable],
  ];
  return [
    ...plain
      .filter(([, wrong]) => wrong)
      .map(([rule]): [KeyspaceRule, string] => [rule, KEYSPACE_RULES[rule]]),
    ...others
      .filter((other) => template.overlaps(other.template) && !areOwn(keyspace, other))
      .map((other): [KeyspaceRule, string] => [
        'overlap',
        `A key can be its and also one of ${other.template.text}.`,
      ]),
  ];
}

/** Ids that Taproot makes are never the words beside them, and nobody else can mend its templates. */
function areOwn(...keyspaces: readonly KeyspaceFacts[]): boolean {
  return keyspaces.every(({ owner }) => String(owner).startsWith('taproot:'));
}
