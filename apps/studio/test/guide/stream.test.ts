import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createDocsIndex, createGuide, GuideError } from '../../src/guide/index.ts';
import type { RedisReader } from '../../src/guide/redis/reader.ts';
import { pieces, streamText } from '../../src/guide/text/stream.ts';
import { ask } from './support/run.ts';

const silent: RedisReader = {
  call: (_args, options) =>
    new Promise((_resolve, reject) =>
      options?.signal?.addEventListener('abort', () => reject(options.signal?.reason)),
    ),
  health: () => {
    throw new GuideError('unexpected-reply', 'not asked');
  },
};
const docs = createDocsIndex([]);

test.each([
  '',
  'word',
  ' leading and trailing \n\n',
  '| a | b |\n| --- | --- |\n| 1 | 2 |',
  'ünï cödé 🦊 '.repeat(50),
  'x '.repeat(5000),
])('pieces joined are the text again (%#)', (text) => expect(pieces(text).join('')).toBe(text));

test('a text comes as start, small deltas and end, under one id', async () => {
  const { chunks, text } = await ask(createGuide({ manager: silent, docs, paceMs: 0 }), 'thanks');
  expect(chunks[0]).toEqual({ type: 'text-start', id: 't1' });
  expect(chunks.at(-1)).toEqual({ type: 'text-end', id: 't1' });
  expect(new Set(chunks.map(({ id }) => id))).toEqual(new Set(['t1']));
  expect(chunks.length).toBeGreaterThan(4);
  expect(text.length).toBeGreaterThan(20);
});

test('however long a text is, its deltas stay few', () =>
  expect(pieces('word '.repeat(100_000)).length).toBeLessThanOrEqual(160));

test('there is a pause before each delta', async () => {
  const start = performance.now();
  const { chunks } = await ask(createGuide({ manager: silent, docs, paceMs: 20 }), 'thanks');
  expect(performance.now() - start).toBeGreaterThan((chunks.length - 2) * 18);
});

test('an abort ends the text at once, also in the middle of a pause', async () => {
  const stop = new AbortController();
  const stream = streamText('t1', 'one two three four', 60_000, stop.signal);
  await stream.next();
  const next = stream.next();
  stop.abort();
  await expect(next).rejects.toThrow();
});

test('an abort ends a tool that waits for Redis, and no text follows', async () => {
  const stop = new AbortController();
  const running = ask(createGuide({ manager: silent, docs, paceMs: 0 }), 'memory', { signal: stop.signal });
  await pause(10);
  stop.abort(new GuideError('unexpected-reply', 'stopped by the test'));
  await expect(running).rejects.toThrow('stopped by the test');
});

test.each([{ paceMs: -1 }, { paceMs: Number.NaN }, { patienceMs: -5 }])(
  'a bad option is refused when the guide is made: %j',
  (bad) =>
    expect(() => createGuide({ manager: silent, docs, ...bad })).toThrow(/expected a number of at least 0/),
);
