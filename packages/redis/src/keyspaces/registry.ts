import { RedisManagerError } from '../errors.ts';
import type { DeclaredKeyspace, KeyClassifier } from '../inspect/index.ts';
import type { KeyspaceDefinition, KeyType } from './definition.ts';
import { Keyspace, type KeyspaceFacts } from './keyspace.ts';
import { OWN_KEYSPACES } from './own.ts';
import { RESERVED_PREFIXES } from './reserved.ts';
import type { KeyTemplate } from './template.ts';

/** All keyspaces of a program. A prefix has one owner. */
export class KeyspaceRegistry implements KeyClassifier {
  /** The most particular first: of two templates that a key fits, the one with fewer parameters says more. */
  #keyspaces: readonly KeyspaceFacts[] = [];

  /** With Taproot's own keyspaces, so that nobody else claims those, unless it is given others. */
  constructor(definitions: readonly KeyspaceDefinition<string, KeyType, string>[] = OWN_KEYSPACES) {
    for (const definition of definitions) this.define(definition);
  }

  /** Declares a keyspace; see {@link defineKeyspace}. */
  define<const Template extends string, Type extends KeyType, Value = string>(
    definition: KeyspaceDefinition<Template, Type, Value>,
  ): Keyspace<Template, Type, Value> {
    const keyspace = new Keyspace(definition);
    this.#requireFree(keyspace);
    // A module that is evaluated twice, as test runners and hot reloading do, declares the same once more.
    const others = this.#keyspaces.filter(({ template }) => template.text !== keyspace.template.text);
    this.#keyspaces = [...others, keyspace].sort(
      (a, b) => a.template.parameters.length - b.template.parameters.length,
    );
    return keyspace;
  }

  /** In no particular order. */
  get keyspaces(): readonly KeyspaceFacts[] {
    return this.#keyspaces;
  }

  /** The keyspace or the library that a key belongs to; undefined: nobody declared it. */
  classify(key: string): DeclaredKeyspace | undefined {
    const keyspace = this.#keyspaces.find(({ template }) => template.owns(key));
    if (keyspace !== undefined) {
      const { template, owner, ttlMs, type, evictable } = keyspace;
      return { name: template.text, owner, ttl: ttlMs ?? 'none', type, evictable };
    }
    const reserved = RESERVED_PREFIXES.find(({ prefix }) => key.startsWith(prefix));
    return reserved && { name: `${reserved.prefix}*`, owner: reserved.owner, ttl: 'none' };
  }

  #requireFree(keyspace: KeyspaceFacts): void {
    const { template, owner } = keyspace;
    const reserved = RESERVED_PREFIXES.find(({ prefix }) => template.prefix.startsWith(prefix));
    if (reserved !== undefined) throw taken(keyspace, `${reserved.prefix} is reserved for ${reserved.owner}`);
    for (const other of this.#keyspaces) {
      if (other.owner !== owner && claimsOverlap(template, other.template))
        throw taken(keyspace, `${other.template.text} belongs to ${other.owner}`);
      if (other.template.text === template.text && !isSame(other, keyspace))
        throw taken(keyspace, 'it is declared already, and differently');
    }
  }
}

/** A template with parameters claims all that begins as it does; one without, its own key. */
function claimsOverlap(a: KeyTemplate, b: KeyTemplate): boolean {
  const within = (inner: KeyTemplate, outer: KeyTemplate): boolean =>
    outer.parameters.length > 0 && inner.prefix.startsWith(outer.prefix);
  return within(a, b) || within(b, a) || a.text === b.text;
}

function isSame(a: KeyspaceFacts, b: KeyspaceFacts): boolean {
  return a.owner === b.owner && a.type === b.type && a.codecVersion === b.codecVersion && a.ttlMs === b.ttlMs;
}

function taken({ template, owner }: KeyspaceFacts, why: string): RedisManagerError {
  return new RedisManagerError(`Keyspace ${template.text} of ${owner} cannot be declared: ${why}`, {
    code: 'keyspace-taken',
    retryable: false,
    applied: 'no',
  });
}

// On globalThis, so that two copies of this package in one process see each other's keyspaces.
const KEYSPACES = Symbol.for('@taproot/redis keyspaces');
const holder = globalThis as { [KEYSPACES]?: KeyspaceRegistry };
holder[KEYSPACES] ??= new KeyspaceRegistry();

/** The keyspaces of this process: those that {@link defineKeyspace} declared. */
export const keyspaces: KeyspaceRegistry = holder[KEYSPACES];

/**
 * Declares a family of keys of this process. Throws `keyspace-taken` if another owner, or a library, has claimed the prefix;
 * `invalid-options` for a template or a codec that cannot be.
 */
export function defineKeyspace<const Template extends string, Type extends KeyType, Value = string>(
  definition: KeyspaceDefinition<Template, Type, Value>,
): Keyspace<Template, Type, Value> {
  return keyspaces.define(definition);
}
