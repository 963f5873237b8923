import { startRedis, type TestRedis } from '@taproot/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Session, Sessions } from '../../src/sessions/index.ts';
import { readyManager } from '../support/ready-manager.ts';

type Kind = 'create' | 'list' | 'destroyAll';
type Step =
  | { readonly kind: Kind; readonly user: string }
  | { readonly kind: 'get' | 'touch' | 'destroy' | 'revoke' | 'expire'; readonly pick: number }
  | { readonly kind: 'update'; readonly pick: number; readonly stale: boolean };

const user = fc.constantFrom('ann', 'b{ob}');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('create' as const), user }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('list' as const, 'destroyAll' as const), user }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'get' as const,
        'touch' as const,
        'destroy' as const,
        'revoke' as const,
        'expire' as const,
      ),
      pick: fc.nat(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('update' as const), pick: fc.nat(), stale: fc.boolean() }),
  },
);

const MAX_PER_USER = 4;

/** What must be so: which sessions live, with which data and version. */
class Model {
  readonly #redis: TestRedis;
  readonly #prefix: string;
  readonly #sessions: Sessions<number>;
  /** All that there ever were, by token. */
  readonly #made = new Map<string, Session<number>>();
  readonly #living = new Map<string, Session<number>>();

  constructor(redis: TestRedis, sessions: Sessions<number>, prefix: string) {
    this.#redis = redis;
    this.#sessions = sessions;
    this.#prefix = prefix;
  }

  async take(each: Step): Promise<void> {
    if ('user' in each) return this.#ofUser(each.kind, each.user);
    const token = [...this.#made.keys()][each.pick % this.#made.size];
    if (token === undefined) return;
    if (each.kind === 'update') return this.#update(token, each.stale);
    if (each.kind === 'get') return this.#expectSame(await this.#sessions.get(token), token);
    if (each.kind === 'touch') return this.#expectSame(await this.#sessions.touch(token), token);
    const session = this.#made.get(token) as Session<number>;
    const was = this.#living.delete(token);
    if (each.kind === 'expire') await this.#redis.cli('DEL', await this.#record(session.id));
    else if (each.kind === 'destroy') expect(await this.#sessions.destroy(token)).toBe(was);
    else expect(await this.#sessions.revoke(session)).toBe(was);
  }

  /** Nothing is in Redis but the living sessions, and an index for each user who has some. */
  async expectNoLeak(): Promise<void> {
    for (const user of ['ann', 'b{ob}']) await this.#sessions.list(user);
    const keys = JSON.parse(await this.#redis.cli('KEYS', `${this.#prefix}:*`)) as string[];
    const users = new Set([...this.#living.values()].map(({ user }) => user));
    expect(keys).toHaveLength(this.#living.size + users.size);
    const cards = keys
      .filter((key) => key.endsWith(':index'))
      .map(async (key) => Number(await this.#redis.cli('ZCARD', key)));
    expect((await Promise.all(cards)).reduce((sum, card) => sum + card, 0)).toBe(this.#living.size);
  }

  async #ofUser(kind: Kind, user: string): Promise<void> {
    const living = [...this.#living].filter(([, session]) => session.user === user);
    if (kind === 'create') return this.#create(user);
    if (kind === 'destroyAll') {
      expect(await this.#sessions.destroyAll(user)).toBe(living.length);
      for (const [token] of living) this.#living.delete(token);
      return;
    }
    const listed = await this.#sessions.list(user);
    expect(listed.map(({ id }) => id).sort()).toEqual(living.map(([, { id }]) => id).sort());
  }

  async #create(user: string): Promise<void> {
    const { token, session } = await this.#sessions.create(user, 0);
    this.#made.set(token, session);
    this.#living.set(token, session);
    const mine = [...this.#living].filter(([, each]) => each.user === user);
    expect(mine.length).toBeLessThanOrEqual(MAX_PER_USER + 1);
    // One of the others may have gone for it: ask which.
    for (const [other] of mine)
      if ((await this.#sessions.get(other)) === undefined) this.#living.delete(other);
    const left = mine.filter(([other]) => this.#living.has(other));
    expect(this.#living.has(token)).toBe(true);
    expect(left.length).toBeGreaterThanOrEqual(Math.min(mine.length, 1));
    expect(left.length).toBeLessThanOrEqual(MAX_PER_USER);
  }

  async #update(token: string, stale: boolean): Promise<void> {
    const now = this.#living.get(token);
    const version = (now?.version ?? 1) - (stale ? 1 : 0);
    const data = Math.random();
    const updating = this.#sessions.update(token, data, version);
    if (now === undefined) return this.#expectSame(await updating, token);
    if (stale) return expect(updating).rejects.toMatchObject({ code: 'version-conflict', applied: 'no' });
    this.#living.set(token, { ...now, data, version: version + 1 });
    this.#expectSame(await updating, token);
  }

  #expectSame(found: Session<number> | undefined, token: string): void {
    const expected = this.#living.get(token);
    const shown = (session: Session<number>): unknown[] => [
      session.id,
      session.user,
      session.data,
      session.version,
    ];
    expect(found && shown(found)).toEqual(expected && shown(expected));
  }

  async #record(id: string): Promise<string> {
    const keys = JSON.parse(await this.#redis.cli('KEYS', `${this.#prefix}:*:${id}`)) as string[];
    return keys[0] ?? 'none';
  }
}

test('of any sequence of sign-ins, changes, sign-outs and expiries the model says what is left, and nothing leaks', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const prefix = `session${run++}`;
      const model = new Model(redis, new Sessions(manager, { prefix, maxPerUser: MAX_PER_USER }), prefix);
      for (const each of steps) await model.take(each);
      await model.expectNoLeak();
    }),
    { numRuns: 60 },
  );
});
