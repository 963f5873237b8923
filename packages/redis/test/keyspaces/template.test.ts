import { startRedis } from '@taproot/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { slotOf } from '../../src/cluster/index.ts';
import { KeyTemplate } from '../../src/keyspaces/index.ts';

/** Anything that somebody may send as an id. */
const text = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }),
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.constantFrom(
    '{',
    '}',
    '{}',
    '{a}',
    'a:b',
    ' ',
    '\n',
    '\r\n',
    '*',
    '?',
    '[a]',
    '%',
    '%7E',
    '~',
    '../',
    '\0',
    'x'.repeat(10_240),
    '🎈'.repeat(5000),
  ),
);
const template = new KeyTemplate('shop:session:{user}:<id>:meta');

test('a key tells the parameters that it was made of, whatever they are', () => {
  fc.assert(
    fc.property(text, text, (user, id) => {
      const found = template.match(template.key({ user, id }));
      for (const [name, value] of Object.entries({ user, id })) {
        expect(found).toHaveProperty(name);
        // Of what is too long for a key there is only its digest.
        if (encodeURIComponent(value).length < 150) expect(found?.[name]).toBe(value);
        else expect([value, undefined]).toContain(found?.[name]);
      }
    }),
    { numRuns: 500 },
  );
});

test('a prefix may have dashes, dots and slashes', () => {
  for (const text of ['my-app:<id>', 'my.app:<id>', 'my/app:<id>']) {
    const template = new KeyTemplate(text);
    expect(template.match(template.key({ id: 'a-b' }))).toEqual({ id: 'a-b' });
  }
});

test('two different sets of parameters never make the same key', () => {
  fc.assert(
    fc.property(text, text, text, text, (user, id, otherUser, otherId) => {
      fc.pre(user !== otherUser || id !== otherId);
      expect(template.key({ user, id })).not.toBe(template.key({ user: otherUser, id: otherId }));
    }),
    { numRuns: 500 },
  );
  expect(template.key({ user: 'a:b', id: 'c' })).not.toBe(template.key({ user: 'a', id: 'b:c' }));
});

test('a key is short printable ASCII with one slot tag, whatever its parameters', () => {
  fc.assert(
    fc.property(text, text, (user, id) => {
      const key = template.key({ user, id });
      expect(key).toMatch(/^[!-~]+$/);
      expect(key.length).toBeLessThan(450);
      expect(key.match(/[{}]/g)).toHaveLength(2);
      expect(key).not.toMatch(/[*?[\]\\^]/);
    }),
  );
});

test('the slot of a key is the one that Redis computes, and depends on the tag alone', async () => {
  const redis = await startRedis({ args: ['--cluster-enabled', 'yes'] });
  const keys = [
    'foo',
    '',
    '{}a',
    'a{}b',
    'x{y}z{w}',
    '{{a}}',
    'ä{ü}',
    template.key({ user: 'a b', id: '\n' }),
  ];
  const slots = await Promise.all(keys.map((key) => redis.cli('CLUSTER', 'KEYSLOT', key)));
  expect(keys.map(slotOf)).toEqual(slots.map(Number));
  fc.assert(
    fc.property(text, text, text, (user, id, other) => {
      expect(slotOf(template.key({ user, id }))).toBe(slotOf(template.key({ user, id: other })));
    }),
  );
});

test.each([
  ['', 'an empty one'],
  [undefined, 'undefined'],
  [null, 'object'],
  [Number.NaN, 'number'],
  [{}, 'object'],
  ['\ud800', 'surrogate'],
])('no key is made of %j', (id, why) => {
  expect(() => template.key({ user: 'ann', id: id as string })).toThrow(
    expect.objectContaining({ code: 'invalid-options', message: expect.stringContaining(why) }),
  );
});

test('a raw template takes texts as they stand, and none that would end their place', () => {
  const raw = new KeyTemplate('user:<email>', 'raw');
  expect(raw.key({ email: 'ann@example.com ☂' })).toBe('user:ann@example.com ☂');
  expect(raw.match('user:a\nb')).toEqual({ email: 'a\nb' });
  for (const email of ['a:b', '{a}', '']) expect(() => raw.key({ email })).toThrow(/Parameter email/);
});

test('a key that another program wrote otherwise is not taken for one of the template', () => {
  const simple = new KeyTemplate('user:<id>');
  const others = [
    'user:',
    'user:a b',
    'user:%41',
    'user:%zz',
    'user:%',
    'user:a:b',
    'user:{a}',
    'xuser:a',
    'user',
    'user:ä',
    'user:~short',
  ];
  expect(others.filter((key) => simple.owns(key))).toEqual([]);
  expect(simple.match('user:%C3%A4')).toEqual({ id: 'ä' });
});

test.each([
  '',
  '<id>',
  ':<id>',
  '{user}:<id>',
  'a:x<id>',
  'a:<id>x',
  'a:<id><b>',
  'a:<id>:<id>',
  'a:{b}:{c}',
  'a:{b:c}',
  'a:{}',
  'a:}b{',
  'a:{b',
  'a b:<id>',
  'a*:<id>',
  'a:<1>',
  'a:<>',
  'ä:<id>',
  `a:${'b'.repeat(200)}`,
])('the template %j is refused', (wrong) => {
  expect(() => new KeyTemplate(wrong)).toThrow(expect.objectContaining({ code: 'invalid-options' }));
});

test('a tag may hold text and a parameter, or be short for one', () => {
  expect(new KeyTemplate('taproot:{thread:<thread>}:run:<run>').key({ thread: 't', run: 7 })).toBe(
    'taproot:{thread:t}:run:7',
  );
  expect(new KeyTemplate('a:{user}').text).toBe('a:{<user>}');
  expect(new KeyTemplate('a:b').match('a:b')).toEqual({});
});

test('templates overlap just when some key fits both', () => {
  const segment = fc.constantFrom('<x>', '<y>', 'a', 'b', 'x|y', '{<z>}', '{a:<z>}');
  const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((rest) => ['k', ...rest].join(':'));
  const parsed = path
    .filter((each) => !throws(() => new KeyTemplate(each)))
    .map((each) => new KeyTemplate(each));
  // Values that are texts of other templates are the ones by which templates can meet.
  const values = ['a', 'b', 'q'];
  fc.assert(
    fc.property(parsed, parsed, (one, other) => {
      const met = keysOf(one, values).some((key) => other.owns(key));
      expect(one.overlaps(other)).toBe(met);
      expect(other.overlaps(one)).toBe(met);
    }),
    { numRuns: 1000 },
  );
});

test('a rename keeps the parameters, also those of which a key has only the digest', () => {
  const old = new KeyTemplate('s:<id>:<user>');
  fc.assert(
    fc.property(text, text, (user, id) => {
      expect(old.rename(old.key({ user, id }), template)).toBe(template.key({ user, id }));
    }),
  );
  expect(old.rename('t:a:b', template)).toBeUndefined();
  const raw = new KeyTemplate('u:<id>', 'raw');
  expect(raw.rename('u:a b', new KeyTemplate('v:<id>'))).toBe('v:a%20b');
});

function keysOf(of: KeyTemplate, values: readonly string[]): string[] {
  return of.parameters
    .reduce<Record<string, string>[]>(
      (all, name) => all.flatMap((each) => values.map((value) => ({ ...each, [name]: value }))),
      [{}],
    )
    .map((parameters) => of.key(parameters));
}

function throws(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch {
    return true;
  }
}
