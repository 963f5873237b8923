import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  documentOf,
  indexedWords,
  MAX_THREAD_TEXT,
  matchOf,
} from '../../src/server/threads/search/document.ts';
import { wordsOf } from '../../src/server/threads/search/words.ts';

const words = (text: string): string[] => wordsOf(text).map(({ word }) => word);

test.each([
  ['case and accents', 'Café CRÈME, Ångström', ['cafe', 'creme', 'angstrom']],
  ['forms of the same letters', 'e\u0301te\u0301 ﬁn Ａ１', ['ete', 'fin', 'a1']],
  ['letters that are two in other cases', 'Straße STRASSE İstanbul', ['strasse', 'strasse', 'istanbul']],
  ['other alphabets', 'Ёлка ὈΔΥΣΣΕΎΣ שלום مرحبا', ['елка', 'οδυσσευς', 'שלום', 'مرحبا']],
  ['marks that change a letter', 'हिन्दी', ['हिन्दी'.normalize('NFC')]],
  ['scripts without spaces', '東京 です', ['東', '京', 'て\u3099'.normalize('NFC'), 'す']],
  ['signs', 'a-b_c: don’t @x 3.14 🎉', ['a', 'b', 'c', 'don', 't', 'x', '3', '14']],
  ['signs that stand for several words', 'ทำ ㈠a ẞ', ['ท', 'ํ', 'า', '一', 'a', 'ss']],
  ['a long word of letters that are two code units', '𐐀'.repeat(40), ['𐐨'.repeat(16)]],
  ['nothing', ' …\u0000 ', []],
  ['a long word', 'x'.repeat(100), ['x'.repeat(32)]],
])('%s', (_, text, expected) => {
  expect(words(text)).toEqual(expected);
});

test('each word is told where it stands, for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      let end = 0;
      const places = wordsOf(text);
      for (const { word, from, to } of places) {
        expect(from >= end || to === end).toBe(true);
        // A sign that stands for several words is where each of them stands.
        const there = places.filter((other) => other.from === from).map((other) => other.word);
        expect(words(text.slice(from, to))).toEqual(there);
        expect(word).not.toMatch(/\s/);
        end = to;
      }
      // Whatever was found is found by itself.
      expect(words(words(text).join(' '))).toEqual(words(text));
    }),
    { numRuns: 5000 },
  );
});

const question = (text: string, at = 1) => ({ at, parts: [{ type: 'text' as const, text }] });

test('a match says where its words are, in the title and in the part of a message around them', () => {
  const long = `${'before '.repeat(40)}the Café is here ${'after '.repeat(40)}`;
  const document = documentOf('v', 'About a café', [
    ['m-2', question('nothing of it', 2)],
    ['m-1', question(long)],
  ]);
  const match = matchOf(document, ['caf', 'her']);
  expect(match?.title.map(([from, to]) => document.title.slice(from, to))).toEqual(['café']);
  expect(match?.message).toMatchObject({ id: 'm-1', at: 1 });
  const { text = '', ranges = [] } = match?.message ?? {};
  expect(ranges.map(([from, to]) => text.slice(from, to))).toEqual(['Café', 'here']);
  expect([text.startsWith('…'), text.endsWith('…'), text.length < 170]).toEqual([true, true, true]);
  expect(matchOf(document, ['caf', 'nowhere'])).toBeUndefined();
  expect(matchOf(document, ['noth'])?.message).toMatchObject({
    id: 'm-2',
    text: 'nothing of it',
    ranges: [[0, 7]],
  });
});

test('the index finds what a match has, and is bounded whatever is in the thread', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.array(fc.string({ unit: 'grapheme', maxLength: 200 }), { maxLength: 5 }),
      (title, texts) => {
        const document = documentOf(
          'v',
          title,
          texts.map((text, n) => [`m-${n}`, question(text)] as const),
        );
        const indexed = indexedWords(document);
        for (const word of words(`${title} ${texts.join(' ')}`).slice(0, 20)) {
          const start = word.slice(0, 2);
          expect([start, indexed.includes(` ${start}`)]).toEqual([
            start,
            matchOf(document, [start]) !== undefined,
          ]);
        }
      },
    ),
    { numRuns: 500 },
  );
  const large = documentOf(
    'v',
    'x',
    Array.from({ length: 99 }, (_, n) => [`m-${n}`, question('ﷺ'.repeat(9000))] as const),
  );
  expect(large.messages.reduce((sum, { text }) => sum + text.length, 0)).toBe(MAX_THREAD_TEXT);
  const many = documentOf('v', 'x', [
    ['m', question(Array.from({ length: 1000 }, (_, n) => `一二${n}`).join(' '))],
  ]);
  expect(indexedWords(many).length).toBeLessThan(8200);
});
