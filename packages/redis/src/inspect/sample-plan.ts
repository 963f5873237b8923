import type { Tally } from './tally.ts';

/** So many of each keyspace are measured at first sight, so that a small one beside a huge one is known too. */
const FIRST = 30;
/** What first sights may take of the sample; the rest is spread over all keys. */
const FIRST_SHARE = 0.2;

/** Chooses which keys are measured, so that those chosen are spread evenly over all of them. */
export class SamplePlan {
  readonly #maxSamples: number;
  readonly #rate: number;
  #credit = 0.5;
  #taken = 0;
  #first = 0;

  constructor(maxSamples: number, total: number) {
    this.#maxSamples = maxSamples;
    this.#rate = total <= maxSamples ? 1 : ((1 - FIRST_SHARE) * maxSamples) / total;
  }

  /** SCAN walks a hash table, where neighbours have nothing in common: every so-manieth key is a fair sample. */
  takes(tally: Tally): boolean {
    if (this.#taken >= this.#maxSamples) return false;
    this.#credit += this.#rate;
    const due = this.#credit >= 1;
    if (due) this.#credit -= 1;
    else if (tally.planned >= FIRST || this.#first >= FIRST_SHARE * this.#maxSamples) return false;
    else this.#first++;
    tally.planned++;
    this.#taken++;
    return true;
  }
}
