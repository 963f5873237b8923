import { RedisManagerError } from '../errors.ts';
import { claimKeyspaces, KeyTemplate } from '../keyspaces/index.ts';
import type { RedisManager } from '../manager.ts';
import { numberOption } from '../number-option.ts';
import { type Bucket, bucketsOf, type Limit, type Standing, standingOf } from './limits.ts';
import { TAKE } from './scripts.ts';

/** Options of {@link RateLimit}. */
export interface RateLimitOptions {
  /** What is limited, e.g. `login`: part of its keys, so letters, digits, dots and dashes. Two rate limits of one name share what is used. */
  readonly name: string;
  /** By name, at most 16; a request must fit all of them. */
  readonly limits: Readonly<Record<string, Limit>>;
  /** What its keys begin with. @default 'rate' */
  readonly prefix?: string;
  /**
   * What becomes of a request that Redis does not decide. `open`: it is allowed, and Redis is not waited for (profile
   * `cache`); for limits that protect from load. `closed`: it is refused (profile `critical`); for limits that protect from
   * guessing. @default 'open'
   */
  readonly fails?: 'open' | 'closed';
}

/** Whether a request fits, and when the next does. */
export interface RateLimitResult extends Standing {
  readonly allowed: boolean;
  /** Why Redis did not decide; the numbers are then guesses. */
  readonly failure: RedisManagerError | undefined;
}

/** After this a request that was refused because Redis did not answer may be tried again. */
const RETRY_FAILED_MS = 1000;

/** Limits by GCRA: a steady rate and a burst for each key, counted in Redis by its clock. */
export class RateLimit {
  readonly #manager: RedisManager;
  readonly #buckets: readonly Bucket[];
  readonly #template: KeyTemplate;
  readonly #fails: 'open' | 'closed';

  /** Throws `invalid-options`, `keyspace-taken`. */
  constructor(manager: RedisManager, { name, limits, prefix = 'rate', fails = 'open' }: RateLimitOptions) {
    this.#manager = manager;
    this.#buckets = bucketsOf(limits);
    this.#template = new KeyTemplate(`${prefix}:${name}:<key>`);
    claimKeyspaces('rateLimit', prefix, name);
    this.#fails = fails;
  }

  /**
   * Charges `cost` units (default 1) to `key` if they fit all limits, and nothing otherwise; 0 only looks. Rejects
   * `invalid-options` for a cost that no burst has room for; never because of Redis.
   */
  async take(key: string, cost = 1): Promise<RateLimitResult> {
    numberOption('cost', cost, 0, Math.min(...this.#buckets.map(({ burst }) => burst)));
    const limits = this.#buckets.flatMap(({ name, unitsPerMs, burst }) => [
      name,
      String(unitsPerMs / 1000),
      String(burst),
    ]);
    const input = { keys: [this.#template.key({ key })], args: [String(cost), ...limits] };
    try {
      const profile = this.#fails === 'open' ? 'cache' : 'critical';
      const reply = await this.#manager.script(TAKE, input, { profile });
      return this.#result(reply as [number, ...string[]], cost);
    } catch (error) {
      if (!(error instanceof RedisManagerError)) throw error;
      return this.#undecided(error);
    }
  }

  /** Forgets what was used of a key. Rejects if Redis does not answer. */
  async reset(key: string): Promise<void> {
    await this.#manager.call(['DEL', this.#template.key({ key })]);
  }

  #result([fits, ...used]: readonly [number, ...string[]], cost: number): RateLimitResult {
    const allowed = fits === 1;
    const standing = standingOf(this.#buckets, used.map(Number), allowed ? 0 : cost);
    return { allowed, ...standing, failure: undefined };
  }

  #undecided(failure: RedisManagerError): RateLimitResult {
    const allowed = this.#fails === 'open';
    const retryAfterMs = allowed ? 0 : RETRY_FAILED_MS;
    return { allowed, remaining: 0, retryAfterMs, resetMs: 0, limitedBy: undefined, failure };
  }
}
