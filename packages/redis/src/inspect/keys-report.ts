import type { BookedKeyspace, KeyBook } from './key-book.ts';
import { type Estimate, sumOf } from './tally.ts';

/** What is stored. Of a Cluster: on all masters together. Only keys of the selected database. */
export interface KeysReport {
  /** Number of the database that was looked into; undefined where the server does not tell. */
  readonly database: number | undefined;
  /** Keys in all: counted if the walk was complete, else by Redis' own count. */
  readonly total: number;
  /** Keys whose names were looked at. */
  readonly scanned: number;
  /** Keys whose size, type and TTL were looked at. */
  readonly measured: number;
  /** Whether all names were looked at within the time; otherwise counts are extrapolated. */
  readonly complete: boolean;
  /** Of a sample; see {@link Estimate}. Undefined where MEMORY USAGE is not allowed. */
  readonly memory: Estimate | undefined;
  /** Most memory first: declared ones, and families of keys that nobody declared. */
  readonly keyspaces: readonly KeyspaceReport[];
  /** Keys that no declared keyspace owns; undefined if no declarations were given. */
  readonly unowned: UnownedKeys | undefined;
  /** Declared keyspaces with a TTL among whose measured keys some have none; undefined if no declarations were given. */
  readonly withoutTtl: readonly MissingTtl[] | undefined;
  /** The biggest of the measured keys, biggest first. */
  readonly biggest: readonly BigKey[];
}

export interface KeyspaceReport {
  /** Its declared name, or what its keys' names have in common: `user:*:profile`. */
  readonly name: string;
  readonly declared: boolean;
  readonly owner: string | undefined;
  /** As declared. */
  readonly ttl: 'none' | number | undefined;
  readonly type: string | undefined;
  readonly evictable: boolean | undefined;
  /** Extrapolated unless the walk was complete. */
  readonly keys: number;
  readonly measured: number;
  readonly memory: Estimate | undefined;
  /** How many of the measured keys are of which type. */
  readonly types: Readonly<Record<string, number>>;
  /** How many of the measured keys expire, and how many do not. */
  readonly expiring: number;
  readonly staying: number;
}

export interface UnownedKeys {
  /** Extrapolated unless the walk was complete. */
  readonly keys: number;
  readonly memory: Estimate | undefined;
  /** Names, masked unless asked otherwise. */
  readonly examples: readonly string[];
}

export interface MissingTtl {
  readonly keyspace: string;
  readonly owner: string;
  /** Extrapolated from the measured ones. */
  readonly keys: number;
  /** Of the measured. */
  readonly found: number;
  readonly measured: number;
  readonly examples: readonly string[];
}

export interface BigKey {
  /** Masked unless asked otherwise. */
  readonly key: string;
  readonly keyspace: string;
  readonly type: string | undefined;
  readonly bytes: number;
  /** Milliseconds until it expires, or `never`. Undefined: the server does not tell. */
  readonly ttlMs: number | 'never' | undefined;
}

export interface WalkFacts {
  readonly database: number | undefined;
  readonly total: number;
  readonly complete: boolean;
  /** Whether declarations were given. */
  readonly classified: boolean;
  readonly showNames: boolean;
}

/** How many examples stand for all unowned keys. */
const MAX_EXAMPLES = 5;

export function keysReport(
  book: KeyBook,
  { database, total, complete, classified, showNames }: WalkFacts,
): KeysReport {
  const all = complete ? book.scanned : Math.max(total, book.scanned);
  const share = all === 0 ? 1 : book.scanned / all;
  const booked = book.keyspaces().filter(({ tally }) => tally.scanned > 0);
  const shown = (key: string): string => (showNames ? key : book.maskedName(key));
  return {
    database,
    total: all,
    scanned: book.scanned,
    measured: book.measured,
    complete,
    memory: memoryOf(booked, share),
    keyspaces: booked
      .map((keyspace) => keyspaceReport(keyspace, share))
      .sort(
        (a, b) =>
          (b.memory?.bytes ?? 0) - (a.memory?.bytes ?? 0) || b.keys - a.keys || (a.name < b.name ? -1 : 1),
      ),
    unowned: classified ? unownedKeys(booked, share, shown) : undefined,
    withoutTtl: classified ? booked.flatMap((keyspace) => missingTtl(keyspace, share, shown)) : undefined,
    biggest: book.biggest.map(({ key, type, bytes, ttlMs }) => ({
      key: shown(key),
      keyspace: book.keyspaceOf(key),
      type,
      bytes,
      ttlMs: ttlMs !== undefined && ttlMs < 0 ? 'never' : ttlMs,
    })),
  };
}

function keyspaceReport({ name, declared, tally }: BookedKeyspace, share: number): KeyspaceReport {
  return {
    name,
    declared: declared !== undefined,
    owner: declared?.owner,
    ttl: declared?.ttl,
    type: declared?.type,
    evictable: declared?.evictable,
    keys: tally.keys(share),
    measured: tally.measured,
    memory: tally.memory(share),
    types: Object.fromEntries([...tally.types].sort(([, a], [, b]) => b - a)),
    expiring: tally.expiring,
    staying: tally.staying,
  };
}

function unownedKeys(
  booked: readonly BookedKeyspace[],
  share: number,
  shown: (key: string) => string,
): UnownedKeys {
  const unowned = booked.filter(({ declared }) => declared === undefined);
  const scanned = unowned.reduce((sum, { tally }) => sum + tally.scanned, 0);
  // One of each family first: five keys of one family say less.
  const examples = [0, 1, 2, 3, 4].flatMap((n) => unowned.flatMap(({ tally }) => tally.examples[n] ?? []));
  return {
    keys: Math.round(scanned / share),
    memory: memoryOf(unowned, share),
    examples: [...new Set(examples.map(shown))].slice(0, MAX_EXAMPLES),
  };
}

function missingTtl(
  { name, declared, tally }: BookedKeyspace,
  share: number,
  shown: (key: string) => string,
): MissingTtl[] {
  const { staying: found, expiring } = tally;
  if (declared === undefined || declared.ttl === 'none' || found === 0) return [];
  return [
    {
      keyspace: name,
      owner: declared.owner,
      keys: Math.round((tally.keys(share) * found) / (found + expiring)),
      found,
      measured: found + expiring,
      examples: [...new Set(tally.stayingExamples.map(shown))],
    },
  ];
}

/** Keyspaces of which no key was measured are few and small, as each is measured at first sight. */
function memoryOf(booked: readonly BookedKeyspace[], share: number): Estimate | undefined {
  const estimates = booked.flatMap(({ tally }) => tally.memory(share) ?? []);
  return estimates.length === 0 && booked.length > 0 ? undefined : sumOf(estimates);
}
