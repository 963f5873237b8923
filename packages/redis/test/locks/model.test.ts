import { startRedis, type TestRedis } from '@taproot/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Lease, Locks } from '../../src/locks/index.ts';
import { readyManager } from '../support/ready-manager.ts';

const NAMES = ['a', 'b{a}'];

type Step =
  | { readonly kind: 'acquire' | 'expire' | 'forget'; readonly name: string }
  | { readonly kind: 'release' | 'write'; readonly pick: number };

const ofName = (kind: 'acquire' | 'expire' | 'forget'): fc.Arbitrary<Step> =>
  fc.record({ kind: fc.constant(kind), name: fc.constantFrom(...NAMES) });
const ofLease = (kind: 'release' | 'write'): fc.Arbitrary<Step> =>
  fc.record({ kind: fc.constant(kind), pick: fc.nat() });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: ofName('acquire') },
  { weight: 2, arbitrary: ofName('expire') },
  { weight: 1, arbitrary: ofName('forget') },
  { weight: 2, arbitrary: ofLease('release') },
  { weight: 3, arbitrary: ofLease('write') },
);

/** What must be so: who holds each name, the last fence of each, and the highest fence that wrote. */
class Model {
  readonly #redis: TestRedis;
  readonly #prefix: string;
  readonly #locks: Locks;
  readonly #holder = new Map<string, Lease>();
  readonly #lastFence = new Map<string, number>();
  readonly #written = new Map<string, number>();
  readonly #leases: Lease[] = [];

  constructor(redis: TestRedis, locks: Locks, prefix: string) {
    this.#redis = redis;
    this.#locks = locks;
    this.#prefix = prefix;
  }

  async take(each: Step): Promise<void> {
    if (each.kind === 'acquire') return this.#acquire(each.name);
    // The lease runs out; all that Redis knew of the lock is lost, as by a failover.
    if (each.kind === 'expire') return this.#forget(each.name, ['']);
    if (each.kind === 'forget') return this.#forget(each.name, ['', ':fence']);
    const lease = 'pick' in each ? this.#leases[each.pick % this.#leases.length] : undefined;
    if (lease === undefined) return;
    return each.kind === 'release' ? this.#release(lease) : this.#write(lease);
  }

  async end(): Promise<void> {
    await Promise.all(this.#leases.map((lease) => lease.release()));
  }

  async #acquire(name: string): Promise<void> {
    const taking = this.#locks.acquire(name, { waitMs: 0 });
    if (this.#holder.has(name)) return expect(taking).rejects.toMatchObject({ code: 'lock-held' });
    const lease = await taking;
    expect(lease.fence).toBeGreaterThan(this.#lastFence.get(name) ?? 0);
    this.#lastFence.set(name, lease.fence);
    this.#holder.set(name, lease);
    this.#leases.push(lease);
  }

  async #forget(name: string, suffixes: readonly string[]): Promise<void> {
    const key = `${this.#prefix}:{${encodeURIComponent(name)}}`;
    await this.#redis.cli('DEL', ...suffixes.map((suffix) => key + suffix));
    this.#holder.delete(name);
  }

  async #release(lease: Lease): Promise<void> {
    const ours = this.#holder.get(lease.name) === lease;
    expect(await lease.release()).toBe(ours);
    if (ours) this.#holder.delete(lease.name);
    this.#leases.splice(this.#leases.indexOf(lease), 1);
  }

  async #write({ name, fence }: Lease): Promise<void> {
    const writing = this.#locks.fencedSet(`${this.#prefix}:document:${name}`, 'text', fence);
    if (fence < (this.#written.get(name) ?? 0))
      return expect(writing).rejects.toMatchObject({ code: 'fence', applied: 'no' });
    await writing;
    this.#written.set(name, fence);
  }
}

test('of any sequence of acquisitions, expiries, losses of data, releases and writes the model says the outcome', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const prefix = `lock${run++}`;
      const model = new Model(redis, new Locks(manager, { prefix, ttlMs: 60_000 }), prefix);
      for (const each of steps) await model.take(each);
      await model.end();
    }),
    { numRuns: 60 },
  );
});
