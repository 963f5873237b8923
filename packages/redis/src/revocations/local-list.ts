/** A revoked token's hash, and until when it counts, in ms since 1970. */
export type Revoked = readonly [hash: string, until: number];

/** What this process knows to be revoked. It only grows, apart from what ran out: a revocation is never taken back. */
export class LocalList {
  readonly #until = new Map<string, number>();
  /** The version of the shared list that this one holds all of; unlike any before the first sync. */
  version = '';

  get size(): number {
    return this.#until.size;
  }

  has(hash: string): boolean {
    return this.#until.has(hash);
  }

  add([hash, until]: Revoked): void {
    if (until > (this.#until.get(hash) ?? 0)) this.#until.set(hash, until);
  }

  /** Takes a message that was published with a revocation. False: others came before it that were not heard. */
  hear(message: string): boolean {
    const [before, version, ...entries] = message.split(' ');
    for (const entry of pairs(entries)) this.add(entry);
    if (before !== this.version || version === undefined) return false;
    this.version = version;
    return true;
  }

  /** Takes the whole shared list, and gives what is only here: Redis lost it. */
  merge(version: string, entries: readonly string[]): Revoked[] {
    const shared = pairs(entries);
    for (const entry of shared) this.add(entry);
    this.version = version;
    const known = new Set(shared.map(([hash]) => hash));
    return [...this.#until].filter(([hash]) => !known.has(hash));
  }

  /** Forgets what ran out. */
  prune(now: number): void {
    for (const [hash, until] of this.#until) if (until <= now) this.#until.delete(hash);
  }
}

function pairs(flat: readonly string[]): Revoked[] {
  const found: Revoked[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const until = Number(flat[i + 1]);
    if (Number.isFinite(until)) found.push([flat[i] ?? '', until]);
  }
  return found;
}
