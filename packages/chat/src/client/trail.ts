import type { Position } from '../protocol/index.ts';

/** A server takes 64 marks (PROTOCOL.md §13); this is enough for 2^16 events behind the newest two. */
const MAX_MARKS = 34;

/**
 * Positions behind the newest one: two for each doubling of the distance, and the oldest (PROTOCOL.md §4.3). Which ones
 * stay depends on their `seq` alone, so that a position that is needed at a distance was never thinned out nearer by.
 */
export class Trail {
  #positions: Position[] = [];
  #thinAt = 64;

  /** Forgets all; `base` is where the client starts. */
  restart(base?: Position): void {
    this.#positions = base === undefined ? [] : [base];
    this.#thinAt = 64;
  }

  push(position: Position): void {
    this.#positions.push(position);
    if (this.#positions.length < this.#thinAt) return;
    this.#positions = this.#thinned();
    this.#thinAt = this.#positions.length * 2;
  }

  /** Forgets what is above `seq`. */
  cut(seq: number): void {
    this.#positions = this.#positions.filter((position) => position.seq <= seq);
  }

  /** Newest first. */
  marks(): Position[] {
    const all = this.#thinned().reverse();
    const base = all[all.length - 1];
    return all.length <= MAX_MARKS || base === undefined ? all : [...all.slice(0, MAX_MARKS - 1), base];
  }

  #thinned(): Position[] {
    const head = this.#positions[this.#positions.length - 1]?.seq ?? 0;
    return this.#positions.filter((position, i) => {
      const distance = head - position.seq;
      return i === 0 || distance < 2 || position.seq % 2 ** (Math.floor(Math.log2(distance)) - 1) === 0;
    });
  }
}
