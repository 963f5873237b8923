import { expect, test } from 'vitest';
import { addressKey, Buckets, OpenCount } from '../../src/server/limits/index.ts';

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['203.0.113.9:4711', '203.0.113.9'],
  ['[2001:db8:1:2:3:4:5:6]:443', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('the address %s is counted as %s', (address, key) => {
  expect(addressKey(address)).toBe(key);
});

test.each([undefined, '127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '[::1]:80'])(
  'this machine’s own address %s is not counted',
  (address) => {
    expect(addressKey(address)).toBeUndefined();
  },
);

test.each(['unknown', '_hidden', '', '<script>', 'x'.repeat(10_000), '999.1.1.1', '1.2.3.4, 5.6.7.8'])(
  'what a proxy calls an address and is none counts as one (%#)',
  (address) => {
    expect(addressKey(address)).toBe('unreadable');
  },
);

test('a bucket lets a burst through, and then so much per second', () => {
  const buckets = new Buckets({ perSecond: 10, burst: 5 });
  const at = (now: number): number => buckets.take('a', 1, now);
  expect([0, 0, 0, 0, 0].map(() => at(1000))).toEqual([0, 0, 0, 0, 0]);
  expect(at(1000)).toBe(100);
  expect(at(1099)).toBe(1);
  expect(at(1100)).toBe(0);
  expect(at(1100)).toBe(100);
  // Unused for long it holds one burst, and not more.
  expect([1, 2, 3, 4, 5, 6].map(() => at(100_000) === 0)).toEqual([true, true, true, true, true, false]);
});

test('what is refused is not charged, and what waited as long as it was told fits', () => {
  const buckets = new Buckets({ perSecond: 3, burst: 4 });
  buckets.take('a', 4, 0);
  for (let n = 0; n < 100; n++) expect(buckets.take('a', 2, 0)).toBe(667);
  expect(buckets.take('a', 2, 667)).toBe(0);
});

test('what is larger than a burst fits an unused bucket, and holds up what follows', () => {
  const buckets = new Buckets({ perSecond: 10, burst: 5 });
  expect(buckets.take('a', 50, 0)).toBe(0);
  expect(buckets.take('a', 1, 0)).toBeGreaterThan(0);
  expect(buckets.take('a', 1, 5000)).toBe(0);
});

test('a million strangers take no more room than the table has, and those who were there last are still known', () => {
  const buckets = new Buckets({ perSecond: 1, burst: 1, maxKeys: 1000 });
  for (let n = 0; n < 1_000_000; n++) buckets.take(`stranger-${n}`, 1, n / 1_000_000);
  expect(buckets.size).toBe(1000);
  expect(buckets.take('stranger-999999', 1, 1)).toBeGreaterThan(0);
  expect(buckets.take('stranger-0', 1, 1)).toBe(0);
});

test('who is used stays known although others come', () => {
  const buckets = new Buckets({ perSecond: 100, burst: 100, maxKeys: 10 });
  for (let n = 0; n < 100; n++) {
    buckets.take('regular', 1, 0);
    buckets.take(`stranger-${n}`, 1, 0);
  }
  expect(buckets.take('regular', 1, 0)).toBeGreaterThan(0);
});

test('what is open is counted until it is given back, once', () => {
  const count = new OpenCount(2);
  const [first, second] = [count.open('a'), count.open('a')];
  expect([count.open('a'), typeof count.open('b'), typeof count.open(undefined)]).toEqual([
    undefined,
    'function',
    'function',
  ]);
  first?.();
  first?.();
  const third = count.open('a');
  expect([typeof third, count.open('a')]).toEqual(['function', undefined]);
  second?.();
  third?.();
  expect(count.size).toBe(1);
});
