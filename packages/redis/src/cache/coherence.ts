import { performance } from 'node:perf_hooks';

/** When something was known to be so. */
export interface Stamp {
  /** By the monotonic clock. */
  readonly knownAt: number;
  /** Between which two gaps in what the server tells. */
  readonly epoch: number;
}

/** An epoch that never is: its knowledge is not renewed, because nobody would be told of a change. */
const NO_EPOCH = -1;

/** Until when knowledge counts: for the stated bound after it was got, or after the server proved that it told of all changes since. */
export class Coherence {
  readonly #maxStalenessMs: number;
  #epoch = 0;
  #provenAt = Number.NEGATIVE_INFINITY;

  constructor(maxStalenessMs: number) {
    this.#maxStalenessMs = maxStalenessMs;
  }

  /** Of what is asked now. */
  stamp(): Stamp {
    return { knownAt: performance.now(), epoch: this.#epoch };
  }

  /** Of what Redis does not have, made from now on. */
  unsharedStamp(): Stamp {
    return { knownAt: performance.now(), epoch: NO_EPOCH };
  }

  gap(): void {
    this.#epoch++;
    this.#provenAt = Number.NEGATIVE_INFINITY;
  }

  proven(until: number): void {
    this.#provenAt = until;
  }

  /** Whether changes are told now. */
  get live(): boolean {
    return performance.now() - this.#provenAt <= this.#maxStalenessMs;
  }

  trusts(stamp: Stamp, now: number): boolean {
    return now - this.lastKnown(stamp) <= this.#maxStalenessMs;
  }

  /** The last moment at which it certainly was so. */
  lastKnown({ knownAt, epoch }: Stamp): number {
    return epoch === this.#epoch && this.#provenAt > knownAt ? this.#provenAt : knownAt;
  }
}
