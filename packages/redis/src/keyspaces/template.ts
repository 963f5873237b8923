import { invalidOption } from './invalid.ts';
import {
  decodeParameter,
  encodeParameter,
  type KeyParameter,
  PARAMETER_PATTERN,
  type ParameterEncoding,
} from './parameter.ts';

/** Names of a template's parameters: `'a:{user}:<id>'` → `'user' | 'id'`. */
export type ParameterNames<Template extends string> = Angled<Template> | Bare<Template>;

type Angled<T extends string> = T extends `${string}<${infer Name}>${infer Rest}`
  ? Name | Angled<Rest>
  : never;
type Bare<T extends string> = T extends `${string}{${infer Tag}}${string}`
  ? Tag extends `${string}<${string}`
    ? never
    : Tag
  : never;

/** The parameters that a template's key is made of. */
export type KeyParameters<Template extends string> = string extends Template
  ? Readonly<Record<string, KeyParameter>>
  : { readonly [Name in ParameterNames<Template>]: KeyParameter };

/** The parameters that a key was made of; undefined where only a digest of it is in the key. */
export type FoundParameters<Template extends string> = {
  readonly [Name in keyof KeyParameters<Template>]: string | undefined;
};

const FORM = 'text and parameters between colons, with at most one slot tag: shop:session:{user}:<id>';
const MAX_CHARS = 200;
const PARAMETER = /<([A-Za-z]\w*)>/;

/**
 * How a keyspace's keys are named. `<id>` is a parameter, and fills all between two of `:` `{` `}`; in braces stands the
 * slot tag (Redis Cluster, "Hash tags"), where `{user}` is short for `{<user>}`.
 */
export class KeyTemplate {
  /** As written, with `{user}` spelled out as `{<user>}`. */
  readonly text: string;
  readonly parameters: readonly string[];
  /** What all its keys begin with; the whole key where there is no parameter. */
  readonly prefix: string;
  readonly tagged: boolean;
  /** For SCAN: all its keys, and possibly others. */
  readonly glob: string;
  readonly #encoding: ParameterEncoding;
  /** Text, name of a parameter, text, …, as `split` gives it. */
  readonly #parts: readonly string[];
  readonly #pattern: RegExp;

  /** Throws `invalid-options`. */
  constructor(template: string, encoding: ParameterEncoding = 'encoded') {
    this.text = template.replace(/\{([A-Za-z]\w*)\}/g, '{<$1>}');
    this.#encoding = encoding;
    this.#parts = this.text.split(PARAMETER);
    this.parameters = this.#parts.filter((_, index) => index % 2 === 1);
    this.prefix = this.#parts[0] ?? '';
    this.tagged = this.text.includes('{');
    this.#requireForm(template);
    this.glob = this.#join(() => '*');
    const pattern = this.#join(
      () => `(${PARAMETER_PATTERN[encoding]})`,
      (text) => text.replace(/[.{}|/]/g, '\\$&'),
    );
    this.#pattern = new RegExp(`^${pattern}$`, encoding === 'raw' ? 'su' : 'u');
  }

  /** The key. Throws `invalid-options`. */
  key(parameters: Readonly<Record<string, KeyParameter>>): string {
    return this.#join((name) => encodeParameter(name, parameters[name] as KeyParameter, this.#encoding));
  }

  /** Whether this key is one of this template's. */
  owns(key: string): boolean {
    return this.match(key) !== undefined;
  }

  /** The parameters of a key; undefined if it is none of this template's. */
  match(key: string): Readonly<Record<string, string | undefined>> | undefined {
    const found = this.#segments(key)?.map(([name, text]) => [name, decodeParameter(text, this.#encoding)]);
    return found?.every(([, value]) => value !== null) ? Object.fromEntries(found) : undefined;
  }

  /** The key of the same parameters under another template; undefined if this key is none of ours, or does not tell them. */
  rename(key: string, to: KeyTemplate): string | undefined {
    const found = this.match(key);
    if (found === undefined) return undefined;
    // What is encoded already is taken as it stands: of a long parameter there is only the digest.
    if (this.#encoding === to.#encoding) {
      const texts = new Map(this.#segments(key));
      return to.#join((name) => texts.get(name) ?? '');
    }
    const told = Object.entries(found).filter((each): each is [string, string] => each[1] !== undefined);
    return told.length < this.parameters.length ? undefined : to.key(Object.fromEntries(told));
  }

  /** Whether some key could be either's. */
  overlaps(other: KeyTemplate): boolean {
    const ours = this.text.split(/([:{}])/);
    const theirs = other.text.split(/([:{}])/);
    return (
      ours.length === theirs.length &&
      ours.every((part, index) => this.#meets(part, theirs[index] ?? '', other))
    );
  }

  #meets(part: string, theirs: string, other: KeyTemplate): boolean {
    if (PARAMETER.test(part)) return PARAMETER.test(theirs) || fits(theirs, this.#encoding);
    return PARAMETER.test(theirs) ? fits(part, other.#encoding) : part === theirs;
  }

  #segments(key: string): [string, string][] | undefined {
    // Most keys that go by are somebody else's.
    if (!key.startsWith(this.prefix)) return undefined;
    const match = this.#pattern.exec(key);
    return match === null ? undefined : this.parameters.map((name, index) => [name, match[index + 1] ?? '']);
  }

  #join(place: (name: string) => string, text: (text: string) => string = (same) => same): string {
    return this.#parts.map((part, index) => (index % 2 === 1 ? place(part) : text(part))).join('');
  }

  #requireForm(template: string): void {
    const texts = this.#parts.filter((_, index) => index % 2 === 0);
    const wrong = (got: string): Error =>
      invalidOption(`Template ${JSON.stringify(template.slice(0, MAX_CHARS))}`, FORM, got);
    if (template.length > MAX_CHARS) throw wrong(`one of ${template.length} characters`);
    if (!/^[\w.-]/.test(this.prefix)) throw wrong('none that begins with text');
    if (!texts.every((text) => /^[\w.:{}|/-]*$/.test(text))) throw wrong('other characters');
    if (!/^[^<]*(?:[:{]<\w+>(?=[:}]|$)[^<]*)*$/.test(this.text)) throw wrong('a parameter beside text');
    if (!/^[^{}]*(?:\{[^{}]+\}[^{}]*)?$/.test(this.text)) throw wrong('braces that are no slot tag');
    if (this.tagged && !/\{[^}]*</.test(this.text)) throw wrong('a slot tag without a parameter');
    if (new Set(this.parameters).size < this.parameters.length) throw wrong('a parameter twice');
  }
}

function fits(text: string, encoding: ParameterEncoding): boolean {
  return new RegExp(`^(?:${PARAMETER_PATTERN[encoding]})$`, 'su').test(text);
}
