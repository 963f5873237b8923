import { performance } from 'node:perf_hooks';

const PER_CALL = 0.1;
const PER_SECOND = 10;
const MAX_TOKENS = 100;

/**
 * Retries are at most a tenth of the calls, and ten a second besides: so that retries of many never become the load that keeps
 * a server down (Google SRE Book, "Addressing Cascading Failures").
 */
export class RetryBudget {
  #tokens = MAX_TOKENS;
  #at = performance.now();

  /** Counts a first attempt. */
  earn(): void {
    if (this.#tokens < MAX_TOKENS) this.#tokens += PER_CALL;
  }

  /** True if one more retry is within the budget; it is then spent. */
  spend(): boolean {
    const now = performance.now();
    this.#tokens = Math.min(MAX_TOKENS, this.#tokens + ((now - this.#at) / 1000) * PER_SECOND);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
