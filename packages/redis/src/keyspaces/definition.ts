import type { ProfileName } from '../connection/profile.ts';
import type { Codec } from './codec.ts';
import type { KeyspaceFacts } from './keyspace.ts';
import type { ParameterEncoding } from './parameter.ts';

/** What Redis calls a key's type. */
export type KeyType = 'string' | 'hash' | 'list' | 'set' | 'zset' | 'stream';

/** Whether its keys expire: after how long, or why they do not. */
export type KeyLifetime =
  | {
      /** Each key expires so many ms after it was last written. */
      readonly ttlMs: number;
      readonly noTtlBecause?: never;
    }
  | {
      readonly ttlMs?: never;
      /** Why its keys stay until they are deleted, in a sentence. */
      readonly noTtlBecause: string;
    };

/**
 * How far a keyspace has come to the place of another, whose keys it takes over under new names. Each stage is deployed to
 * all processes before the next; the backfill comes between the first two, dropping the old keys after the last.
 *
 * `dual-write`: both are written, the old is read. `read-new`: both are written, the new is read. `new-only`: the old is
 * not touched any more.
 */
export type RenameStage = 'dual-write' | 'read-new' | 'new-only';

/** A declared family of keys. */
export type KeyspaceDefinition<Template extends string, Type extends KeyType, Value> = KeyLifetime & {
  /** How its keys are named, e.g. `shop:session:{user}:<id>`; see KeyTemplate. */
  readonly template: Template;
  /** Who answers for it: a team, or a part of the program. */
  readonly owner: string;
  readonly type: Type;
  /** How its values are stored; of a collection, its members or fields. @default text as it is */
  readonly codec?: Codec<Value>;
  /** What kind of caller uses it, see PROFILES. @default 'request' */
  readonly profile?: ProfileName;
  /** Whether Redis may throw its keys away when its memory is short (maxmemory-policy). */
  readonly evictable: boolean;
  /** Several of its keys are used in one command or script, so they need a slot tag. @default false */
  readonly multiKey?: boolean;
  /** `raw` for keys that exist already under names that nobody encoded. @default 'encoded' */
  readonly encoding?: ParameterEncoding;
  /** The keyspace that it takes the place of: same type, parameters and version of the codec. */
  readonly replaces?: { readonly keyspace: KeyspaceFacts; readonly stage: RenameStage };
};
