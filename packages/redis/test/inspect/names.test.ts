import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Families } from '../../src/inspect/families.ts';
import { partsOf, shortKeyOf, templateOf } from '../../src/inspect/mask.ts';
import { Tally } from '../../src/inspect/tally.ts';

describe('what is shown of a name', () => {
  test.each([
    ['user:4711:profile', 'user:*:profile'],
    ['user:alice', 'user:*'],
    ['session:ab12cd34ef56ab12', 'session:*'],
    ['taproot:{thread:0198f2}:log', 'taproot:{thread:*}:log'],
    ['password:reset:hunter', 'password:*:*'],
    ['api-key:sk-live-abcdef', 'api-key:*'],
    ['cache:ann@example.com', 'cache:*'],
    ['colour:alice', 'colour:*'],
    ['jobs', 'jobs'],
    ['', ''],
  ])('of %j is its structure: %j', (key, template) => {
    expect(templateOf(partsOf(key))).toBe(template);
  });

  test('of a long id is its first four characters, of a secret nothing', () => {
    expect(shortKeyOf(partsOf('user:0198f2ab34cd:profile'))).toBe('user:0198…:profile');
    expect(shortKeyOf(partsOf('token:0198f2ab34cd'))).toBe('token:*');
  });

  test('never contains an id, wherever it stands', () => {
    const id = fc.uuid();
    const words = fc.array(fc.constantFrom('user', 'cache', 'shop', 'profile', 'token'), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(words, id, words, (before, uuid, after) => {
        const parts = partsOf([...before, uuid, ...after].join(':'));
        expect(templateOf(parts)).not.toContain(uuid.slice(0, 6));
        expect(shortKeyOf(parts)).not.toContain(uuid.slice(0, 6));
      }),
    );
  });
});

describe('families', () => {
  const words = [
    'user',
    'cart',
    'profile',
    'index',
    'shop',
    'alpha',
    'beta',
    'gamma',
    'delta',
    'epsilon',
    'zeta',
    'theta',
    'iota',
    'kappa',
    'lambda',
    'sigma',
    'omega',
  ];
  const key = fc
    .array(fc.oneof(fc.constantFrom(...words), fc.nat(99).map(String)), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join(':'));

  test('hold every key once, however they grow together', () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 200 }), (keys) => {
        const families = new Families<Tally>((into, from) => into.merge(from));
        for (const each of keys) families.place(each, () => new Tally())?.see(each);
        const found = [...families.entries()];
        expect(found.reduce((sum, [, tally]) => sum + tally.scanned, 0)).toBe(keys.length);
        const templates = found.map(([template]) => template);
        expect(new Set(templates).size).toBe(templates.length);
        for (const each of keys) expect(templates).toContain(families.templateOf(each));
      }),
    );
  });

  test('of a place with many different words hide them', () => {
    const families = new Families<Tally>((into, from) => into.merge(from));
    for (const word of words.slice(1)) families.place(`list:${word}:state`, () => new Tally())?.see(word);
    expect([...families.entries()].map(([template, tally]) => [template, tally.scanned])).toEqual([
      ['list:*:state', words.length - 1],
    ]);
  });

  test('take bounded memory, however many names there are', () => {
    const families = new Families<Tally>((into, from) => into.merge(from));
    const letters = 'bcdfghjklmnp';
    for (let n = 0; n < 40_000; n++) {
      const digits = [...(n + 12 ** 5).toString(12)].map(
        (digit) => `${letters[Number.parseInt(digit, 12)]}a`,
      );
      const name = [...digits, 'state'].join(':');
      families.place(name, () => new Tally())?.see(name);
    }
    expect([...families.entries()].length).toBeLessThan(20_001);
  });
});

test('a tally of everything is exact, and two tallies make the same as one', () => {
  const measure = fc.record({
    bytes: fc.option(fc.nat(10_000), { nil: undefined }),
    ttlMs: fc.integer({ min: -1, max: 9 }),
    type: fc.constantFrom('string', 'hash'),
  });
  fc.assert(
    fc.property(fc.array(measure, { maxLength: 50 }), fc.nat(50), (measures, cut) => {
      const tallyOf = (some: typeof measures): Tally => {
        const tally = new Tally();
        for (const [index, each] of some.entries()) {
          tally.see(String(index));
          tally.add(String(index), each);
        }
        return tally;
      };
      const one = tallyOf(measures);
      const two = tallyOf(measures.slice(0, cut)).merge(tallyOf(measures.slice(cut)));
      for (const field of ['scanned', 'measured', 'sized', 'expiring', 'staying'] as const)
        expect(two[field]).toBe(one[field]);
      expect(two.types).toEqual(one.types);
      expect(two.memory(1)).toEqual(one.memory(1));
      const sizes = measures.flatMap(({ bytes }) => bytes ?? []);
      if (sizes.length === measures.length && sizes.length > 0)
        expect(one.memory(1)).toEqual({ bytes: sizes.reduce((a, b) => a + b, 0), marginBytes: 0 });
    }),
  );
});
