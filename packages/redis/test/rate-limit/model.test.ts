import { startRedis, type TestRedis } from '@taproot/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Limit, RateLimit } from '../../src/rate-limit/index.ts';
import { readyManager } from '../support/ready-manager.ts';

const KEY = 'rate:model:key';

/** Periods of hours: what drains while the test itself runs is far less than what the model tells apart. */
const limit: fc.Arbitrary<Limit> = fc.record({
  count: fc.integer({ min: 1, max: 20 }),
  periodMs: fc.integer({ min: 1, max: 10 }).map((hours) => hours * 3_600_000_000),
  burst: fc.integer({ min: 4, max: 10 }),
});

type Step = { readonly cost: number } | { readonly passMs: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ cost: fc.integer({ min: 0, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ passMs: fc.integer({ min: 0, max: 3_600_000_000 }) }) },
);

async function pass(redis: TestRedis, ms: number): Promise<void> {
  const fields = JSON.parse(await redis.cli('HGETALL', KEY)) as string[];
  for (let i = 0; i < fields.length; i += 2) {
    const [used = '', at] = (fields[i + 1] ?? '').split(' ');
    await redis.cli('HSET', KEY, fields[i] ?? '', `${used} ${Number(at) - ms * 1000}`);
  }
}

/** GCRA in its other form, by theoretical arrival times (ITU-T I.371, "virtual scheduling"): for each limit, when it is next empty. */
class Gcra {
  readonly #limits: readonly Required<Limit>[];
  readonly #emptyAt: number[];
  now = 0;

  constructor(limits: readonly Limit[]) {
    this.#limits = limits.map((each) => ({ burst: each.count, ...each }));
    this.#emptyAt = limits.map(() => 0);
  }

  /** True or false; undefined where it is decided by less time than the test takes. */
  take(cost: number): boolean | undefined {
    const next = this.#limits.map(({ count, periodMs }, n) => {
      const interval = periodMs / count;
      return Math.max(this.now, this.#emptyAt[n] ?? 0) + interval * cost;
    });
    const spare = Math.min(
      ...this.#limits.map(
        ({ count, periodMs, burst }, n) => this.now + (burst * periodMs) / count - (next[n] ?? 0),
      ),
    );
    if (Math.abs(spare) < 60_000 && spare !== 0) return undefined;
    if (spare < 0) return false;
    if (cost > 0) for (const [n, at] of next.entries()) this.#emptyAt[n] = at;
    return true;
  }
}

test('of any sequence of requests and pauses GCRA says which fit', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const limits = fc.dictionary(fc.constantFrom('a', 'b', 'c'), limit, { minKeys: 1, noNullPrototype: true });
  await fc.assert(
    fc.asyncProperty(limits, fc.array(step, { maxLength: 40 }), async (each, steps) => {
      await redis.cli('DEL', KEY);
      const rateLimit = new RateLimit(manager, { name: 'model', limits: each, fails: 'closed' });
      const gcra = new Gcra(Object.values(each));
      for (const next of steps) {
        if ('passMs' in next) {
          gcra.now += next.passMs;
          await pass(redis, next.passMs);
          continue;
        }
        const expected = gcra.take(next.cost);
        fc.pre(expected !== undefined);
        const { allowed, failure } = await rateLimit.take('key', next.cost);
        expect([failure, allowed]).toEqual([undefined, expected]);
      }
    }),
    { numRuns: 60 },
  );
});
