import { expect, test } from 'vitest';
import { Trail } from '../../src/client/trail.ts';

/** The marks' seqs of a client that started at `base` and applied everything up to `head`. */
function marks(base: number, head: number): number[] {
  const trail = new Trail();
  trail.restart({ seq: base, chain: `${base}` });
  for (let seq = base + 1; seq <= head; seq++) trail.push({ seq, chain: `${seq}` });
  return trail.marks().map(({ seq }) => seq);
}

test.each([0, 1, 13, 1000])('the position where it started at %i is always a mark', (base) => {
  for (const length of [0, 1, 2, 63, 64, 65, 1000, 100_000])
    expect(marks(base, base + length).at(-1)).toBe(base);
});

test('each mark is at most about twice as far away as the one before, and there are few', () => {
  const head = 50_007;
  const found = marks(7, head);
  expect(found.slice(0, 3)).toEqual([head, head - 1, head - 2]);
  expect(found.length).toBeLessThanOrEqual(34);
  const distances = found.map((seq) => head - seq);
  for (const [i, distance] of distances.entries()) {
    if (i > 0) expect(distance).toBeLessThanOrEqual(2 * (distances[i - 1] ?? 0) + 2);
  }
});

test('after a reset no mark is above it', () => {
  const trail = new Trail();
  trail.restart({ seq: 0, chain: '' });
  for (let seq = 1; seq <= 100; seq++) trail.push({ seq, chain: `${seq}` });
  trail.cut(40);
  expect(trail.marks().every(({ seq }) => seq <= 40)).toBe(true);
});
