/** What was measured of one key. Undefined: the server does not tell. */
export interface KeyMeasure {
  readonly type: string | undefined;
  /** By MEMORY USAGE, itself estimated for large collections. */
  readonly bytes: number | undefined;
  /** Milliseconds until it expires; below 0: never. */
  readonly ttlMs: number | undefined;
}

/** Bytes, estimated from a sample. */
export interface Estimate {
  readonly bytes: number;
  /** The true value lies within ± this in 95 of 100 samples; 0: it was measured, not estimated. */
  readonly marginBytes: number;
}

/** How many examples are kept of each thing that is wrong. */
const MAX_EXAMPLES = 5;
/** Of a name that is kept as an example: a name can have 512 MB. */
const MAX_NAME_CHARS = 512;
/** Two-sided 95 % of the normal distribution. */
const Z = 1.96;

/** Counts the keys of one keyspace, and sums up those among them that were measured. */
export class Tally {
  scanned = 0;
  /** To be measured: those that were, that are on their way, and that were gone by then. */
  planned = 0;
  measured = 0;
  /** Of the measured, those with a size. */
  sized = 0;
  expiring = 0;
  staying = 0;
  readonly types: Map<string, number> = new Map();
  readonly examples: string[] = [];
  readonly stayingExamples: string[] = [];
  #bytes = 0;
  #squares = 0;

  see(key: string): void {
    this.scanned++;
    if (this.examples.length < MAX_EXAMPLES) this.examples.push(cut(key));
  }

  add(key: string, { type, bytes, ttlMs }: KeyMeasure): void {
    this.measured++;
    if (type !== undefined) this.types.set(type, (this.types.get(type) ?? 0) + 1);
    if (ttlMs !== undefined && ttlMs >= 0) this.expiring++;
    if (ttlMs !== undefined && ttlMs < 0) this.#stay(key);
    if (bytes === undefined) return;
    this.sized++;
    this.#bytes += bytes;
    this.#squares += bytes ** 2;
  }

  merge(other: Tally): this {
    this.scanned += other.scanned;
    this.planned += other.planned;
    this.measured += other.measured;
    this.sized += other.sized;
    this.expiring += other.expiring;
    this.staying += other.staying;
    for (const [type, count] of other.types) this.types.set(type, (this.types.get(type) ?? 0) + count);
    this.examples.push(...other.examples.slice(0, MAX_EXAMPLES - this.examples.length));
    const room = MAX_EXAMPLES - this.stayingExamples.length;
    this.stayingExamples.push(...other.stayingExamples.slice(0, room));
    this.#bytes += other.#bytes;
    this.#squares += other.#squares;
    return this;
  }

  #stay(key: string): void {
    this.staying++;
    if (this.stayingExamples.length < MAX_EXAMPLES) this.stayingExamples.push(cut(key));
  }

  /** Keys in all, if `share` of all keys was scanned. */
  keys(share: number): number {
    return Math.round(this.scanned / share);
  }

  /** Memory of all keys, if `share` of all keys was scanned. Undefined if no size is known. */
  memory(share: number): Estimate | undefined {
    if (this.sized === 0) return undefined;
    const keys = this.keys(share);
    const mean = this.#bytes / this.sized;
    if (this.sized >= keys) return { bytes: this.#bytes, marginBytes: 0 };
    const bytes = Math.round(mean * keys);
    // From one key nothing can be said about the others.
    if (this.sized === 1) return { bytes, marginBytes: bytes };
    const variance = Math.max(0, this.#squares - this.sized * mean ** 2) / (this.sized - 1);
    const ofMean = (variance / this.sized) * (1 - this.sized / keys) * keys ** 2;
    // How many keys there are is itself an estimate unless all names were scanned.
    const ofCount = (bytes ** 2 * (1 - share)) / this.scanned;
    // Where all of a sample are alike, 3 in n of the others may still differ (the "rule of three").
    const alike = (3 / this.sized) * bytes;
    return { bytes, marginBytes: Math.ceil(Math.max(alike, Z * Math.sqrt(ofMean + ofCount))) };
  }
}

function cut(name: string): string {
  return name.length > MAX_NAME_CHARS ? `${name.slice(0, MAX_NAME_CHARS)}…` : name;
}

/** The sum of independent estimates. */
export function sumOf(estimates: readonly Estimate[]): Estimate {
  return {
    bytes: estimates.reduce((sum, { bytes }) => sum + bytes, 0),
    marginBytes: Math.round(Math.sqrt(estimates.reduce((sum, { marginBytes }) => sum + marginBytes ** 2, 0))),
  };
}
