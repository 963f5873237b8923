import type { LogPosition } from './entry.ts';

/** Newest, then exponentially older positions, so that a fork can be located in few steps. */
export class Marks {
  #positions: LogPosition[] = [];

  constructor(positions: readonly LogPosition[] = []) {
    this.#positions = [...positions].sort((a, b) => a.seq - b.seq);
  }

  add(position: LogPosition): void {
    this.#positions.push(position);
    // Thinning now and then keeps it O(1) on average.
    if (this.#positions.length > 64) this.#positions = thin(this.#positions);
  }

  /** Newest first. */
  list(): readonly LogPosition[] {
    return this.#positions.toReversed();
  }

  /** Forgets what lies above `seq`. */
  cut(seq: number): void {
    this.#positions = this.#positions.filter((position) => position.seq <= seq);
  }
}

/** Keeps the newest, and of the older ones one per power of two of the distance. */
function thin(positions: readonly LogPosition[]): LogPosition[] {
  const newest = positions.at(-1);
  if (newest === undefined) return [];
  const kept = new Map<number, LogPosition>();
  for (const position of positions) {
    const bucket = Math.ceil(Math.log2(newest.seq - position.seq + 1));
    if (!kept.has(bucket)) kept.set(bucket, position);
  }
  return [...kept.values()];
}
