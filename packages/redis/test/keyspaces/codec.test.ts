import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesCodec, defineCodec, jsonCodec, textCodec } from '../../src/keyspaces/index.ts';

interface Name {
  readonly first: string;
  readonly last: string;
}

const v1 = jsonCodec<string>({ version: 1 });
const v3 = jsonCodec<Name>({
  version: 3,
  migrations: {
    0: (old) => String(old).trim(),
    1: (old) => String(old).split(' '),
    2: (old) => ({ first: (old as string[])[0], last: (old as string[])[1] }),
  },
  parse: (value) => {
    if (typeof value === 'object' && value !== null && 'last' in value && value.last !== undefined)
      return value as Name;
    throw new TypeError('no name');
  },
});

const stored = (value: string | Buffer): Buffer => Buffer.from(value);

test('what a codec writes it reads again, with its version in front', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      const value: unknown = JSON.parse(json);
      const codec = jsonCodec<unknown>({ version: 12 });
      expect(String(codec.encode(value))).toBe(`v12 ${JSON.stringify(value)}`);
      expect(codec.decode(stored(codec.encode(value)))).toEqual(value);
    }),
  );
});

test('bytes of any kind survive a codec of bytes', () => {
  const codec = defineCodec<Buffer>(
    { version: 1 },
    { write: (value) => value as Buffer, read: (bytes) => bytes },
  );
  fc.assert(
    fc.property(fc.uint8Array(), (array) => {
      const value = Buffer.from(array);
      expect(codec.decode(stored(codec.encode(value)))).toEqual(value);
      expect(bytesCodec.decode(stored(bytesCodec.encode(value)))).toEqual(value);
    }),
  );
  expect(textCodec.decode(stored(textCodec.encode('v9 ä')))).toBe('v9 ä');
});

describe('a value of an older version', () => {
  test('is read through the migrations from its version on', () => {
    const ann = { first: 'Ann', last: 'Lee' };
    expect(v3.decode(stored(v1.encode('Ann Lee')))).toEqual(ann);
    expect(v3.decode(stored('v2 ["Ann","Lee"]'))).toEqual(ann);
    expect(v3.decode(stored(v3.encode(ann)))).toEqual(ann);
  });

  test('that was stored before there were versions is given to the first migration as text', () => {
    expect(v3.decode(stored(' Ann Lee'))).toEqual({ first: 'Ann', last: 'Lee' });
  });

  test('than all migrations is an error', () => {
    expect(() => v1.decode(stored('Ann'))).toThrow(expect.objectContaining({ code: 'codec', applied: 'no' }));
  });
});

test('a value of a newer version is an error of its own, which names both versions', () => {
  expect(() => v1.decode(stored('v2 ["Ann"]'))).toThrow(
    expect.objectContaining({
      code: 'codec-newer',
      retryable: false,
      message: expect.stringMatching(/version 2.*knows 1/),
    }),
  );
});

test('a value that cannot be read is an error that does not quote it', () => {
  for (const text of ['v1 {"password":"hunter2"', 'v1 hunter2', 'v1 ']) {
    const error = thrownBy(() => v1.decode(stored(text)));
    expect(error).toMatchObject({ code: 'codec', applied: 'no' });
    expect(inspect(error)).not.toMatch(/hunter2/);
  }
  expect(() => v3.decode(stored('v3 {"first":"Ann"}'))).toThrow(
    expect.objectContaining({ code: 'codec', cause: expect.any(TypeError) }),
  );
  expect(() => v3.decode(stored('v1 5'))).toThrow(expect.objectContaining({ code: 'codec' }));
});

test('a value that JSON has no form for is refused before it is written', () => {
  expect(() => jsonCodec<unknown>({ version: 1 }).encode(undefined)).toThrow(
    expect.objectContaining({ code: 'codec' }),
  );
});

test.each([
  [{ version: 0 }],
  [{ version: 1.5 }],
  [{ version: 3, migrations: { 1: String } }],
  [{ version: 3, migrations: { 0: String, 2: String } }],
  [{ version: 1, migrations: { 1: String } }],
])('a codec with a hole in its versions is refused: %j', (options) => {
  expect(() => jsonCodec(options)).toThrow(expect.objectContaining({ code: 'invalid-options' }));
});

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
