import { expect, test } from 'vitest';
import { settleTail } from '../web/src/markdown/settle-tail.ts';
import { splitSections } from '../web/src/markdown/split-sections.ts';
import { readable } from '../web/src/tools/readable.ts';

test.each([
  ['a **bold', 'a **bold**'],
  ['a **', 'a '],
  ['a `code', 'a `code`'],
  ['see [the doc', 'see '],
  ['see [the doc](https://exa', 'see '],
  ['see [the doc](https://example.com)', 'see [the doc](https://example.com)'],
  ['text\n-', 'text'],
  ['text\n\n##', 'text\n'],
  ['text\n\n| a | b |\n|--', 'text\n'],
  ['text\n\n| a | b |\n|---|---|\n| 1', 'text\n\n| a | b |\n|---|---|\n| 1'],
  ['text\n\n```t', 'text\n\n'],
  ['text\n\n```ts\ncode\n``', 'text\n\n```ts\ncode\n'],
  ['text\n\n```ts\ncode **', 'text\n\n```ts\ncode **'],
])('the arriving end of %j reads as what it will be', (text, expected) => {
  expect(settleTail(text)).toBe(expected);
});

test('sections are cut at headings only, never inside code, and lose nothing', () => {
  const text = 'intro\n\n## One\n\n```sh\n\n# not a heading\n```\n\n## Two\nend';
  expect(splitSections(text)).toEqual([
    'intro\n\n',
    '## One\n\n```sh\n\n# not a heading\n```\n\n',
    '## Two\nend',
  ]);
  expect(splitSections(text).join('')).toBe(text);
});

test('text with definitions, which reach over sections, stays whole', () => {
  const text = '# A\n\n[x]\n\n# B\n\n[x]: https://example.com';
  expect(splitSections(text)).toEqual([text]);
});

test('a list of records reads as rows, an object as fields, what is deeper as JSON', () => {
  expect(readable([{ a: 1, b: [1, 2] }])).toMatchObject({
    kind: 'rows',
    columns: ['a', 'b'],
    rows: [['1', '1, 2']],
  });
  expect(readable({ a: 1, deep: { b: true } })).toMatchObject({
    kind: 'fields',
    fields: [
      ['a', '1'],
      ['deep.b', 'true'],
    ],
  });
  expect(readable([{ a: { b: 1 } }])).toMatchObject({ kind: 'json' });
  expect(readable(undefined)).toEqual({ kind: 'nothing' });
});
