import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cache } from '../../src/cache/index.ts';
import { readyManager } from '../support/ready-manager.ts';

const KEYS = ['a', 'b{a}', 'c*'];
const TAGS = ['t', 'u'];

interface Step {
  readonly kind:
    | 'set'
    | 'getOrSet'
    | 'get'
    | 'delete'
    | 'invalidate'
    | 'loseKey'
    | 'loseTag'
    | 'clear'
    | 'gap'
    | 'flush';
  /** Which process. */
  readonly who: number;
  readonly key: string;
  readonly tags: readonly string[];
}

const kinds: fc.Arbitrary<Step['kind']> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('set' as const, 'getOrSet' as const) },
  { weight: 6, arbitrary: fc.constant('get' as const) },
  { weight: 3, arbitrary: fc.constantFrom('delete' as const, 'invalidate' as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'loseKey' as const,
      'loseTag' as const,
      'clear' as const,
      'gap' as const,
      'flush' as const,
    ),
  },
);
const step: fc.Arbitrary<Step> = fc.record({
  kind: kinds,
  who: fc.nat({ max: 1 }),
  key: fc.constantFrom(...KEYS),
  tags: fc.subarray(TAGS),
});

interface Entry {
  readonly value: number;
  readonly tags: readonly string[];
}

/** What must be so: the entries, as if there were one process and no copies. */
class Model {
  readonly #entries = new Map<string, Entry>();
  readonly #redis: TestRedis;
  readonly #caches: readonly Cache<number>[];
  readonly #namespace: string;
  #next = 0;

  constructor(redis: TestRedis, caches: readonly Cache<number>[], namespace: string) {
    this.#redis = redis;
    this.#caches = caches;
    this.#namespace = namespace;
  }

  take(each: Step): Promise<void> {
    return this.#steps[each.kind](this.#caches[each.who] as Cache<number>, each);
  }

  /** Every process sees what is so, after a while. */
  async settled(): Promise<void> {
    for (const who of this.#caches.keys()) await this.#told(who);
  }

  readonly #steps: Readonly<Record<Step['kind'], (cache: Cache<number>, step: Step) => Promise<void>>> = {
    set: async (cache, { key, tags, who }) => {
      const value = this.#next++;
      await cache.set(key, value, { tags });
      this.#entries.set(key, { value, tags });
      await this.#sees(who, key);
    },
    getOrSet: async (cache, { key, tags, who }) => {
      await this.#told(who);
      const value = this.#next++;
      const got = await cache.getOrSet(key, () => value, { tags });
      if (!this.#entries.has(key)) this.#entries.set(key, { value, tags });
      expect(got).toBe(this.#entries.get(key)?.value);
      await this.#sees(who, key);
    },
    get: (_, { who }) => this.#told(who),
    delete: async (cache, { key, who }) => {
      const deleted = await cache.delete(key);
      // What was invalidated by its tag is still there, and of no use.
      if (this.#entries.delete(key)) expect(deleted).toBe(true);
      await this.#sees(who, key);
    },
    invalidate: async (cache, { tags, who }) => {
      await this.#told(who);
      await cache.invalidateTags(tags);
      this.#drop(tags);
      await this.#sees(who, ...KEYS);
    },
    loseKey: async (_, { key }) => {
      await this.#redis.cli(
        'DEL',
        `cache:${this.#namespace}:value:{${encodeURIComponent(key).replace('*', '%2A')}}`,
      );
      this.#entries.delete(key);
    },
    loseTag: async (_, { tags }) => {
      for (const tag of tags) await this.#redis.cli('DEL', `cache:${this.#namespace}:tag:${tag}`);
      this.#drop(tags);
    },
    clear: async (cache, { who }) => {
      await cache.clear();
      this.#entries.clear();
      await this.#sees(who, ...KEYS);
    },
    flush: async () => {
      await this.#redis.cli('FLUSHALL');
      this.#entries.clear();
    },
    gap: async () => {
      await this.#redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
    },
  };

  /** What a process did itself it sees at once. */
  async #sees(who: number, ...keys: readonly string[]): Promise<void> {
    for (const key of keys) expect(await this.#caches[who]?.get(key)).toBe(this.#entries.get(key)?.value);
  }

  /** What others did it sees when it was told. */
  #told(who: number): Promise<void> {
    return eventually(() => this.#sees(who, ...KEYS));
  }

  #drop(tags: readonly string[]): void {
    for (const [key, entry] of this.#entries)
      if (entry.tags.some((tag) => tags.includes(tag))) this.#entries.delete(key);
  }
}

test('of any sequence of changes by two processes and from outside the model says what each sees in the end', async () => {
  const redis = await startRedis();
  const managers = [await readyManager(redis.url), await readyManager(redis.url)];
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const namespace = `n${run++}`;
      const caches = managers.map((manager) => new Cache<number>(manager, { namespace, deadlineMs: 10_000 }));
      const model = new Model(redis, caches, namespace);
      for (const each of steps) await model.take(each);
      await model.settled();
      await Promise.all(caches.map((cache) => cache.close()));
    }),
    { numRuns: 100 },
  );
});
