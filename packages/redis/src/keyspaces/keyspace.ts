import type { ProfileName } from '../connection/profile.ts';
import { type Codec, textCodec } from './codec.ts';
import type { KeyspaceDefinition, KeyType, RenameStage } from './definition.ts';
import { CollectionHandle, DocumentHandle, type KeyspaceManager } from './handle/index.ts';
import { invalidOption } from './invalid.ts';
import { type FoundParameters, type KeyParameters, KeyTemplate } from './template.ts';

/** What a keyspace is used by: documents for strings, collections for the rest. */
export type KeyspaceHandle<Template extends string, Type extends KeyType, Value> = Type extends 'string'
  ? DocumentHandle<Template, Value>
  : CollectionHandle<Template, Value>;

/** What can be said about any keyspace. */
export interface KeyspaceFacts {
  readonly template: KeyTemplate;
  readonly owner: string;
  readonly type: KeyType;
  readonly codecVersion: number;
  /** Undefined: its keys do not expire. */
  readonly ttlMs: number | undefined;
  readonly noTtlBecause: string | undefined;
  readonly profile: ProfileName;
  readonly evictable: boolean;
  readonly multiKey: boolean;
  /** Whose place it takes, and how far that is. */
  readonly replaced: { readonly template: KeyTemplate; readonly stage: RenameStage } | undefined;
}

/** A declared family of keys; see {@link KeyspaceDefinition}. Made by `defineKeyspace`. */
export class Keyspace<Template extends string, Type extends KeyType, Value> implements KeyspaceFacts {
  readonly template: KeyTemplate;
  readonly owner: string;
  readonly type: Type;
  readonly codec: Codec<Value>;
  readonly ttlMs: number | undefined;
  readonly noTtlBecause: string | undefined;
  readonly profile: ProfileName;
  readonly evictable: boolean;
  readonly multiKey: boolean;
  readonly replaced: KeyspaceFacts['replaced'];

  constructor(definition: KeyspaceDefinition<Template, Type, Value>) {
    const { template, owner, type, codec, ttlMs, noTtlBecause, replaces } = definition;
    if (ttlMs !== undefined && !(Number.isSafeInteger(ttlMs) && ttlMs > 0))
      throw invalidOption(`ttlMs of ${template}`, 'a whole number of at least 1', String(ttlMs));
    this.template = new KeyTemplate(template, definition.encoding);
    this.owner = owner;
    this.type = type;
    this.codec = codec ?? (textCodec as unknown as Codec<Value>);
    this.ttlMs = ttlMs;
    this.noTtlBecause = noTtlBecause;
    this.profile = definition.profile ?? 'request';
    this.evictable = definition.evictable;
    this.multiKey = definition.multiKey ?? false;
    this.replaced = replaces && { template: replaces.keyspace.template, stage: replaces.stage };
    if (replaces !== undefined) this.#requireReplaceable(replaces.keyspace);
  }

  get codecVersion(): number {
    return this.codec.version;
  }

  /** The key of these parameters. Throws `invalid-options`. */
  key(parameters: KeyParameters<Template>): string {
    return this.template.key(parameters);
  }

  /** The parameters of a key; undefined if it is none of this keyspace. */
  match(key: string): FoundParameters<Template> | undefined {
    return this.template.match(key) as FoundParameters<Template> | undefined;
  }

  /** Its keys in a deployment, read and written as declared. */
  on(manager: KeyspaceManager): KeyspaceHandle<Template, Type, Value> {
    const handle =
      this.type === 'string' ? new DocumentHandle(this, manager) : new CollectionHandle(this, manager);
    return handle as unknown as KeyspaceHandle<Template, Type, Value>;
  }

  #requireReplaceable(old: KeyspaceFacts): void {
    const wrong = (what: string): Error =>
      invalidOption(
        `${this.template.text} replaces ${old.template.text}`,
        `keyspaces with ${what}`,
        'others',
      );
    if (old.type !== this.type) throw wrong('one type');
    if (old.codecVersion !== this.codecVersion)
      throw wrong('one version of the codec; change it before or after');
    if (old.template.parameters.toSorted().join() !== this.template.parameters.toSorted().join())
      throw wrong('the same parameters');
    if (old.template.overlaps(this.template)) throw wrong('templates that no key fits both of');
  }
}
