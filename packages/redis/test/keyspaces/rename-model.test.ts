import type { TestRedis } from '@taproot/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  backfillKeyspace,
  type DocumentHandle,
  dropReplaced,
  type KeyspaceManager,
} from '../../src/keyspaces/index.ts';
import { at, old } from './rename-stages.ts';
import { managed } from './support.ts';

describe('programs of neighbouring stages run beside each other, and all read what any of them wrote last', () => {
  type Store = Pick<DocumentHandle<'x:<user>', number>, 'get' | 'set' | 'delete' | 'touch'>;
  const users = ['a', 'b', 'ann {x}:'];
  const step = fc.record({
    newer: fc.boolean(),
    user: fc.constantFrom(...users),
    what: fc.oneof(fc.nat(9), fc.constantFrom('delete', 'new', 'existing', 'touch')),
  });
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  async function take({ user, what }: Step, store: Store, model: Map<string, number>): Promise<void> {
    if (what === 'delete') expect(await store.delete({ user })).toBe(model.delete(user));
    else if (what === 'touch') expect(await store.touch({ user })).toBe(model.has(user));
    else if (typeof what === 'number') {
      expect(await store.set({ user }, what)).toBe(true);
      model.set(user, what);
    } else {
      const only = what === 'new' ? 'new' : 'existing';
      const due = model.has(user) === (only === 'existing');
      expect(await store.set({ user }, 77, { only })).toBe(due);
      if (due) model.set(user, 77);
    }
  }

  test('through the whole rename, under any order of calls', async () => {
    const { redis, manager } = await managed();
    const programs = programsOn(manager);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { maxLength: 8 }), { minLength: 3, maxLength: 3 }),
        async (rollouts) => {
          await redis.cli('FLUSHALL');
          const model = new Map<string, number>();
          for (const [rollout, steps] of rollouts.entries()) {
            const running = programs.slice(rollout, rollout + 2) as [Store, Store];
            for (const each of steps) {
              await take(each, running[each.newer ? 1 : 0], model);
              for (const reader of running)
                for (const user of users) expect(await reader.get({ user })).toBe(model.get(user));
            }
            // The first rollout is through: nobody writes the old names alone any more.
            if (rollout === 0) await backfillKeyspace(manager, at('dual-write'));
          }
          await dropReplaced(manager, at('new-only'));
          for (const user of users) expect(await programs[3]?.get({ user })).toBe(model.get(user));
          expect(await cartKeys(redis)).toEqual(
            [...model.keys()].map((user) => at('new-only').key({ user })).sort(),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  function programsOn(manager: KeyspaceManager): Store[] {
    return [
      old.on(manager),
      ...(['dual-write', 'read-new', 'new-only'] as const).map((stage) => at(stage).on(manager)),
    ];
  }

  /** The manager has keys of its own. */
  async function cartKeys(redis: TestRedis): Promise<string[]> {
    const keys = JSON.parse(await redis.cli('KEYS', '*')) as string[];
    return keys.filter((key) => key.includes('cart:')).sort();
  }
});
