import { claimKeyspaces, KeyTemplate } from '../keyspaces/index.ts';

/** The keys of one entry; they lie in one slot. */
export interface EntryKeys {
  readonly value: string;
  readonly lease: string;
}

/** The names of a cache's keys in Redis. */
export class Names {
  /** What the keys begin with whose changes matter to copies: not those of leases. */
  readonly tracked: string;
  /** Patterns of all keys, for SCAN; the leases first, so that a factory that is running does not bring an entry back. */
  readonly globs: readonly string[];
  readonly #namespace: string;
  readonly #value: KeyTemplate;
  readonly #lease: KeyTemplate;
  readonly #tag: KeyTemplate;

  /** Claims its keys. Throws `invalid-options`, `keyspace-taken`. */
  constructor(prefix: string, namespace: string) {
    this.#namespace = namespace;
    this.#value = new KeyTemplate(`${prefix}:<namespace>:value:{key}`);
    this.#tag = new KeyTemplate(`${prefix}:<namespace>:tag:<tag>`);
    this.#lease = new KeyTemplate(`${prefix}.lease:<namespace>:{key}`);
    this.tracked = `${new KeyTemplate(`${prefix}:<namespace>`).key({ namespace })}:`;
    const leases = `${new KeyTemplate(`${prefix}.lease:<namespace>`).key({ namespace })}:`;
    this.globs = [`${leases}*`, `${this.tracked}*`];
    // What a template's text cannot hold is claimed for all namespaces of the prefix.
    claimKeyspaces('cache', prefix, /^[\w.-]+$/.test(namespace) ? namespace : undefined);
  }

  /** Throws `invalid-options` for a key that is empty or no well-formed text. */
  entry(key: string): EntryKeys {
    const parameters = { namespace: this.#namespace, key };
    return { value: this.#value.key(parameters), lease: this.#lease.key(parameters) };
  }

  tag(tag: string): string {
    return this.#tag.key({ namespace: this.#namespace, tag });
  }
}
