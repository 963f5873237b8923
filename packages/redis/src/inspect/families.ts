import { type KeyPart, MAX_PARTS, MAX_SIBLINGS, partsOf, shortKeyOf, templateOf } from './mask.ts';

/** What a bounded number of places holds; a keyspace with more shapes than this has no shapes worth listing. */
const MAX_NODES = 20_000;
const CUT: KeyPart = { text: '…', kind: 'separator', secret: false };

class Node<T> {
  readonly children = new Map<string, Node<T>>();
  /** So many different words stood here that they are names of things: all of them are `*` from now on. */
  collapsed = false;
  words = 0;
  value: T | undefined;
}

/** How two families' values become one, when their keys turn out to be of one family. */
export type Merge<T> = (into: T, from: T) => T;

/**
 * Families of keys, found while the keys go by: a tree of what stands where. A place in
 * which many different words stand is masked. Its memory is bounded by the number of families and not by that of keys.
 */
export class Families<T> {
  readonly #root = new Node<T>();
  readonly #merge: Merge<T>;
  #nodes = 0;

  constructor(merge: Merge<T>) {
    this.#merge = merge;
  }

  /** Takes a key in. The value is made for the first key of its family; families that become one have theirs merged. */
  place(key: string, make?: () => T): T | undefined {
    const parts = partsOf(key);
    const path = parts.length > MAX_PARTS ? [...parts.slice(0, MAX_PARTS), CUT] : parts;
    let node = this.#root;
    for (const part of path) {
      const next = this.#child(node, part);
      if (next === undefined) break;
      node = next;
    }
    node.value ??= make?.();
    return node.value;
  }

  /** The family of a key that was placed: `user:*:profile`. */
  templateOf(key: string): string {
    return templateOf(this.#masked(key));
  }

  /** The key told apart from its siblings, but not disclosed: `user:ab12…:profile`. */
  shortKeyOf(key: string): string {
    return shortKeyOf(this.#masked(key));
  }

  /** Every family's template with its value. */
  *entries(): Generator<[template: string, value: T]> {
    yield* walk(this.#root, []);
  }

  #child(node: Node<T>, part: KeyPart): Node<T> | undefined {
    const text = part.kind === 'id' || (part.kind === 'word' && node.collapsed) ? '*' : part.text;
    const known = node.children.get(text);
    if (known !== undefined) return known;
    if (this.#nodes >= MAX_NODES) return undefined;
    this.#nodes++;
    const child = new Node<T>();
    node.children.set(text, child);
    if (text === '*' || part.kind !== 'word') return child;
    node.words++;
    if (node.words <= MAX_SIBLINGS) return child;
    this.#collapse(node);
    return node.children.get('*');
  }

  #collapse(node: Node<T>): void {
    if (node.collapsed) return;
    node.collapsed = true;
    for (const [text, child] of [...node.children]) {
      if (text === '*' || isSeparator(text)) continue;
      node.children.delete(text);
      const into = node.children.get('*');
      if (into === undefined) node.children.set('*', child);
      else this.#unite(into, child);
    }
    node.words = 0;
  }

  #unite(into: Node<T>, from: Node<T>): void {
    this.#nodes--;
    if (from.value !== undefined) {
      into.value = into.value === undefined ? from.value : this.#merge(into.value, from.value);
    }
    if (from.collapsed) this.#collapse(into);
    for (const [text, child] of from.children) {
      const place = into.collapsed && !isSeparator(text) ? '*' : text;
      const known = into.children.get(place);
      if (known !== undefined) this.#unite(known, child);
      else {
        into.children.set(place, child);
        if (place !== '*' && !isSeparator(place)) into.words++;
      }
    }
    if (into.words > MAX_SIBLINGS) this.#collapse(into);
  }

  #masked(key: string): KeyPart[] {
    let node: Node<T> | undefined = this.#root;
    return partsOf(key).map((part) => {
      const masked: KeyPart =
        part.kind === 'word' && node?.collapsed === true ? { ...part, kind: 'id' } : part;
      node = node?.children.get(masked.kind === 'id' ? '*' : masked.text);
      return masked;
    });
  }
}

function* walk<T>(node: Node<T>, path: readonly string[]): Generator<[string, T]> {
  if (node.value !== undefined) yield [path.join(''), node.value];
  for (const [text, child] of node.children) yield* walk(child, [...path, text]);
}

function isSeparator(text: string): boolean {
  return /^[^A-Za-z*]/.test(text);
}
