import { startRedis } from '@taproot/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AgentState, type StateDocument } from '../../src/agent-state/index.ts';
import { readyManager } from '../support/ready-manager.ts';

type Met = 'any' | 'present' | 'stale' | 'absent';
type Step =
  | {
      readonly kind: 'set' | 'delete';
      readonly met: Met;
      readonly value: number;
      readonly writeId: string | undefined;
    }
  | { readonly kind: 'history'; readonly limit: number; readonly pick: number };

const write = fc.record({
  kind: fc.constantFrom('set' as const, 'set' as const, 'set' as const, 'delete' as const),
  met: fc.constantFrom<Met>('any', 'present', 'stale', 'absent'),
  value: fc.integer(),
  writeId: fc.option(fc.constantFrom('w1', 'w2'), { nil: undefined }),
});
const look = fc.record({
  kind: fc.constant('history' as const),
  limit: fc.integer({ min: 1, max: 5 }),
  pick: fc.nat(),
});

const KEPT = 3;

/** What one document must be. */
class Model {
  readonly #state: AgentState<number>;
  /** Newest first. */
  #kept: StateDocument<number>[] = [];
  readonly #done = new Map<string, { version: number } | boolean>();
  #highest = 0;

  constructor(state: AgentState<number>) {
    this.#state = state;
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'history') return this.#look(step.limit, step.pick);
    const { kind, met, value, writeId } = step;
    const version = this.#kept[0]?.version ?? 0;
    const ifVersion = { any: undefined, present: version, stale: Math.max(0, version - 1), absent: 0 }[met];
    const options = { ...(ifVersion !== undefined && { ifVersion }), ...(writeId && { writeId }) };
    const id = `${kind} ${writeId}`;
    const writing = kind === 'set' ? this.#state.set('a', value, options) : this.#state.delete('a', options);
    const before = writeId === undefined ? undefined : this.#done.get(id);
    if (before !== undefined) return expect(await writing).toEqual(before);
    if (ifVersion !== undefined && ifVersion !== version)
      return expect(writing).rejects.toMatchObject({ code: 'version-conflict', currentVersion: version });
    const result = await writing;
    if (typeof result === 'boolean') {
      expect(result).toBe(version > 0);
      this.#kept = [];
      if (!result) return;
    } else {
      expect(result.version).toBeGreaterThan(this.#highest);
      this.#highest = result.version;
      this.#kept = [{ value, ...result }, ...this.#kept].slice(0, KEPT);
    }
    if (writeId !== undefined) this.#done.set(id, result);
  }

  async #look(limit: number, pick: number): Promise<void> {
    expect(await this.#state.get('a')).toEqual(this.#kept[0]);
    const from = this.#kept[pick % (this.#kept.length + 1)];
    const before = from && { before: from.version };
    const older = this.#kept.filter(({ version }) => from === undefined || version < from.version);
    expect(await this.#state.history('a', { limit, ...before })).toEqual(older.slice(0, limit));
    if (from !== undefined) expect(await this.#state.at('a', from.version)).toEqual(from);
  }
}

test('of any sequence of writes, repetitions and deletions the model says what is there, and what was', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(write, look), { maxLength: 40, size: 'max' }), async (steps) => {
      const model = new Model(new AgentState<number>(manager, { prefix: `m${run++}`, keepVersions: KEPT }));
      for (const step of [...steps, { kind: 'history', limit: 5, pick: 0 } as const]) await model.take(step);
    }),
    { numRuns: 100 },
  );
});
