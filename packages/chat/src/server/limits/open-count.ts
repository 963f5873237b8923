/** How many a key has open now. Only keys that have one are kept. */
export class OpenCount {
  readonly #max: number;
  readonly #open = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Gives back what gives it back, once; undefined if there is no room. Without a key nothing is counted. */
  open(key: string | undefined): (() => void) | undefined {
    if (key === undefined) return () => undefined;
    const before = this.#open.get(key) ?? 0;
    if (before >= this.#max) return undefined;
    this.#open.set(key, before + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const now = (this.#open.get(key) ?? 1) - 1;
      if (now === 0) this.#open.delete(key);
      else this.#open.set(key, now);
    };
  }

  get size(): number {
    return this.#open.size;
  }
}
