/** What a {@link BoundedMap} counts. */
export interface Sized {
  readonly bytes: number;
}

export interface Bounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

interface Node<Value> {
  readonly key: string;
  readonly value: Value;
  older: Node<Value> | undefined;
  newer: Node<Value> | undefined;
}

/** A map bounded in entries and bytes; what was not used for longest leaves first. */
export class BoundedMap<Value extends Sized> {
  readonly #bounds: Bounds;
  /** Hears of each value that is in the map no more, `pushed` out by others, or deleted or replaced. */
  readonly #onOut: (value: Value, pushed: boolean) => void;
  readonly #nodes = new Map<string, Node<Value>>();
  #oldest: Node<Value> | undefined;
  #newest: Node<Value> | undefined;
  #bytes = 0;

  constructor(bounds: Bounds, onOut: (value: Value, pushed: boolean) => void) {
    this.#bounds = bounds;
    this.#onOut = onOut;
  }

  get size(): number {
    return this.#nodes.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Value | undefined {
    const node = this.#nodes.get(key);
    if (node !== undefined && node !== this.#newest) {
      this.#unlink(node);
      this.#link(node);
    }
    return node?.value;
  }

  /** False if it does not fit in alone. */
  set(key: string, value: Value): boolean {
    this.delete(key);
    const { maxEntries, maxBytes } = this.#bounds;
    if (maxEntries < 1 || value.bytes > maxBytes) return false;
    const node: Node<Value> = { key, value, older: undefined, newer: undefined };
    this.#nodes.set(key, node);
    this.#link(node);
    this.#bytes += value.bytes;
    while (this.#oldest !== undefined && (this.#nodes.size > maxEntries || this.#bytes > maxBytes))
      this.#out(this.#oldest, true);
    return true;
  }

  delete(key: string): void {
    const node = this.#nodes.get(key);
    if (node !== undefined) this.#out(node, false);
  }

  clear(): void {
    for (const node of this.#nodes.values()) this.#out(node, false);
  }

  #out(node: Node<Value>, pushed: boolean): void {
    this.#nodes.delete(node.key);
    this.#unlink(node);
    this.#bytes -= node.value.bytes;
    this.#onOut(node.value, pushed);
  }

  #link(node: Node<Value>): void {
    node.older = this.#newest;
    node.newer = undefined;
    if (this.#newest === undefined) this.#oldest = node;
    else this.#newest.newer = node;
    this.#newest = node;
  }

  #unlink({ older, newer }: Node<Value>): void {
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
  }
}
