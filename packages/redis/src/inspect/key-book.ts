import { isUtf8 } from 'node:buffer';
import { Families } from './families.ts';
import type { DeclaredKeyspace, KeyClassifier } from './source.ts';
import { type KeyMeasure, Tally } from './tally.ts';

/** A keyspace with what was counted of it: a declared one, or a family of keys that nobody declared. */
export interface BookedKeyspace {
  readonly name: string;
  readonly declared: DeclaredKeyspace | undefined;
  readonly tally: Tally;
}

export interface MeasuredKey extends KeyMeasure {
  readonly key: string;
  readonly bytes: number;
}

/** Books every key that goes by under its keyspace, in memory that keyspaces and not keys bound. */
export class KeyBook {
  readonly #classifier: KeyClassifier | undefined;
  readonly #declared = new Map<string, BookedKeyspace>();
  readonly #families = new Families<Tally>((into, from) => into.merge(from));
  readonly #top: number;
  #biggest: MeasuredKey[] = [];
  scanned = 0;
  measured = 0;

  constructor(classifier: KeyClassifier | undefined, top: number) {
    this.#classifier = classifier;
    this.#top = top;
  }

  /** The tally of a key's keyspace. Not to be kept: families may become one when the next key comes. */
  tallyOf(key: string): Tally {
    const declared = this.#classifier?.classify(key);
    // Also keys of declared keyspaces are placed: what may be shown of a name depends on its siblings.
    const family = this.#families.place(key, declared === undefined ? () => new Tally() : undefined);
    if (declared === undefined) return family ?? new Tally();
    let booked = this.#declared.get(declared.name);
    if (booked === undefined) {
      booked = { name: declared.name, declared, tally: new Tally() };
      this.#declared.set(declared.name, booked);
    }
    return booked.tally;
  }

  see(key: string): Tally {
    const tally = this.tallyOf(key);
    tally.see(key);
    this.scanned++;
    return tally;
  }

  measure(key: string, measure: KeyMeasure): void {
    this.tallyOf(key).add(key, measure);
    this.measured++;
    if (measure.bytes !== undefined) this.#offer({ ...measure, key, bytes: measure.bytes });
  }

  /** Most bytes first. */
  get biggest(): readonly MeasuredKey[] {
    return this.#biggest;
  }

  keyspaces(): BookedKeyspace[] {
    const families = [...this.#families.entries()].map(([name, tally]) => ({
      name,
      declared: undefined,
      tally,
    }));
    return [...this.#declared.values(), ...families];
  }

  /** The name of a key's keyspace, or of its family. */
  keyspaceOf(key: string): string {
    return this.#classifier?.classify(key)?.name ?? this.#families.templateOf(key);
  }

  maskedName(key: string): string {
    return this.#families.shortKeyOf(key);
  }

  #offer(key: MeasuredKey): void {
    const smallest = this.#biggest.at(-1);
    const full = this.#biggest.length >= this.#top;
    if (full && (smallest === undefined || key.bytes <= smallest.bytes)) return;
    // SCAN may return a key twice while the table shrinks.
    const others = this.#biggest.filter((other) => other.key !== key.key);
    this.#biggest = [...others, key].sort((a, b) => b.bytes - a.bytes).slice(0, this.#top);
  }
}

/** A key's name as text; bytes that are none are written `\xff`, so that two keys never look the same. */
export function nameOf(key: Buffer): string {
  if (isUtf8(key)) return key.toString();
  return key
    .toString('latin1')
    .replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
