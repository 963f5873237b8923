import { performance } from 'node:perf_hooks';

const WINDOW_MS = 10_000;
const BUCKETS = 10;
/** Fewer calls than this in the window say nothing. */
const MIN_CALLS = 20;
const MAX_FAILING_SHARE = 0.5;

interface Bucket {
  index: number;
  calls: number;
  failures: number;
}

/**
 * Opens when half of the calls of the last ten seconds got no answer: a caller that can do without Redis then need not wait to
 * learn so. It closes when a readiness probe, which passes it by, has got its answer. Errors that Redis replies are answers.
 */
export class Breaker {
  readonly #buckets: Bucket[] = Array.from({ length: BUCKETS }, () => ({ index: -1, calls: 0, failures: 0 }));
  #open = false;

  get open(): boolean {
    return this.#open;
  }

  answered(): void {
    this.#bucket().calls++;
  }

  unanswered(): void {
    const bucket = this.#bucket();
    bucket.calls++;
    bucket.failures++;
    let calls = 0;
    let failures = 0;
    for (const { index, calls: some, failures: failed } of this.#buckets) {
      if (index <= bucket.index - BUCKETS) continue;
      calls += some;
      failures += failed;
    }
    if (calls >= MIN_CALLS && failures / calls >= MAX_FAILING_SHARE) this.#open = true;
  }

  /** A probe was answered: the past no longer counts. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const bucket of this.#buckets) bucket.index = -1;
  }

  #bucket(): Bucket {
    const index = Math.floor(performance.now() / (WINDOW_MS / BUCKETS));
    const bucket = this.#buckets[index % BUCKETS] as Bucket;
    if (bucket.index !== index) Object.assign(bucket, { index, calls: 0, failures: 0 });
    return bucket;
  }
}
