import { eventually, startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { cacheOn, gate, keysOf, pair, warm } from './support.ts';

const EXPIRED = { ttlMs: 30 };

test('of all who want one cold key in several processes one runs the factory, and all get its value', async () => {
  const { a, b } = await pair<number>();
  let runs = 0;
  const slow = gate();
  const callers = Array.from({ length: 200 }, (_, n) =>
    (n % 2 ? a : b).getOrSet('k', async () => {
      await slow.opened;
      return ++runs;
    }),
  );
  await eventually(() => expect(a.statistics().factory.runs + b.statistics().factory.runs).toBe(1));
  slow.open();
  expect(new Set(await Promise.all(callers))).toEqual(new Set([1]));
  expect(await b.getOrSet('k', () => ++runs)).toBe(1);
});

test('an error of the factory reaches all who wait for it, and the next one tries again', async () => {
  const { redis, a, b } = await pair<number>();
  const broken = new TypeError('no value today');
  const first = [a.getOrSet('k', () => Promise.reject(broken)), a.getOrSet('k', () => 1)];
  for (const outcome of await Promise.allSettled(first)) expect(outcome).toMatchObject({ reason: broken });
  expect(await keysOf(redis)).toEqual([]);
  await expect(
    b.getOrSet('k', () => {
      throw broken;
    }),
  ).rejects.toBe(broken);
  expect(await b.getOrSet('k', () => 2)).toBe(2);
  expect([a.statistics().factory, b.statistics().factory]).toMatchObject([{ errors: 1 }, { errors: 1 }]);
});

test('a waiter whose holder failed runs the factory itself', async () => {
  const { a, b } = await pair<number>();
  const slow = gate();
  const failing = a.getOrSet('k', async () => {
    await slow.opened;
    throw new TypeError('a');
  });
  await eventually(() => expect(a.statistics().factory.runs).toBe(1));
  const waiting = b.getOrSet('k', () => 2);
  slow.open();
  await expect(failing).rejects.toThrow('a');
  expect(await waiting).toBe(2);
});

test('that there is no value is remembered for its own time', async () => {
  const { redis, a, b } = await pair<number>({ negativeTtlMs: 20_000, ttlMs: 60_000 });
  let runs = 0;
  const none = (): number | undefined => {
    runs++;
    return undefined;
  };
  expect([await a.getOrSet('k', none), await b.getOrSet('k', none), await b.get('k')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect([runs, await b.has('k')]).toEqual([1, false]);
  expect(Number(await redis.cli('PTTL', 'cache:test:value:{k}'))).toBeLessThanOrEqual(20_000);
  await a.set('k', 1);
  expect(await a.getOrSet('k', none)).toBe(1);
  for (const cache of [a, b]) await cache.getOrSet('never', none, { negativeTtlMs: 0 });
  expect(runs).toBe(3);
});

test('a deleted or overwritten entry is not brought back by a factory that began before', async () => {
  const { a, b } = await pair<string>();
  for (const [key, change] of [
    ['deleted', () => b.delete('deleted')],
    ['written', () => b.set('written', 'new')],
    ['cleared', () => b.clear()],
  ] as const) {
    const slow = gate();
    const runs = a.statistics().factory.runs;
    const old = a.getOrSet(key, async () => {
      await slow.opened;
      return 'old';
    });
    await eventually(() => expect(a.statistics().factory.runs).toBe(runs + 1));
    await change();
    slow.open();
    expect(await old).toBe('old');
    const expected = key === 'written' ? 'new' : undefined;
    expect([await a.get(key), await b.get(key)]).toEqual([expected, expected]);
  }
  expect(a.statistics().factory.unstored).toBe(3);
});

test('who asks after a change of the same process does not get what was made from before it', async () => {
  const redis = await startRedis();
  const cache = await cacheOn<string>(redis.url);
  const slow = gate();
  const old = cache.getOrSet('k', async () => {
    await slow.opened;
    return 'old';
  });
  await eventually(() => expect(cache.statistics().factory.runs).toBe(1));
  await cache.delete('k');
  expect(await cache.getOrSet('k', () => 'new')).toBe('new');
  slow.open();
  expect([await old, await cache.get('k')]).toEqual(['old', 'new']);
});

test('a stale value is given at once, while one process makes a new one', async () => {
  const { a, b } = await pair<number>({ ...EXPIRED, staleWhileRevalidateMs: 600_000 });
  await a.set('k', 1);
  await eventually(async () => expect(await b.get('k')).toBeUndefined());
  const slow = gate();
  const make = async (): Promise<number> => {
    await slow.opened;
    return 2;
  };
  const options = { ttlMs: 600_000 };
  const both = [a, b, a, b].map((cache) => cache.getOrSet('k', make, options));
  expect(await Promise.all(both)).toEqual([1, 1, 1, 1]);
  await eventually(() => expect(a.statistics().factory.runs + b.statistics().factory.runs).toBe(1));
  slow.open();
  await eventually(async () => expect([await a.get('k'), await b.get('k')]).toEqual([2, 2]));
  expect(a.statistics().factory.runs + b.statistics().factory.runs).toBe(1);
  expect(a.statistics().stale).toBe(2);
});

test('in its grace an old value stands in for a factory that fails, and the factory is then left alone for a moment', async () => {
  const { a } = await pair<number>({ ...EXPIRED, graceMs: 600_000 });
  await a.set('k', 1);
  await eventually(async () => expect(await a.get('k')).toBeUndefined());
  let runs = 0;
  const fail = (): number => {
    runs++;
    throw new TypeError('down');
  };
  for (let n = 0; n < 20; n++) expect(await a.getOrSet('k', fail)).toBe(1);
  expect(runs).toBeLessThan(20);
  await expect(a.getOrSet('other', fail)).rejects.toThrow('down');
});

test('after its grace, or a deletion, an old value stands in no more', async () => {
  const { redis, a, b } = await pair<number>({ ...EXPIRED, graceMs: 30 });
  await a.set('k', 1);
  await eventually(async () => expect(await redis.cli('EXISTS', 'cache:test:value:{k}')).toBe('0'));
  await expect(a.getOrSet('k', () => Promise.reject(new TypeError('down')))).rejects.toThrow('down');
  await a.set('gone', 1, { graceMs: 600_000 });
  await eventually(async () => expect(await a.get('gone')).toBeUndefined());
  const failing = a.getOrSet('gone', async () => {
    await b.delete('gone');
    throw new TypeError('down');
  });
  await expect(failing).rejects.toThrow('down');
});

test('a factory that takes too long is told, and its callers are', async () => {
  const { redis, a } = await pair<number>({ factoryTimeoutMs: 50 });
  const signals: AbortSignal[] = [];
  const never = a.getOrSet('k', ({ signal, key }) => {
    signals.push(signal);
    expect(key).toBe('k');
    return new Promise<number>(() => undefined);
  });
  await expect(never).rejects.toMatchObject({ code: 'timeout', applied: 'no' });
  expect(signals[0]?.aborted).toBe(true);
  await eventually(async () => expect(await keysOf(redis)).toEqual([]));
  expect(await a.getOrSet('k', () => 1)).toBe(1);
});

test('a factory is aborted when the last who waits for it has left, and not before', async () => {
  const { redis, a } = await pair<number>();
  const [one, two] = [new AbortController(), new AbortController()];
  const signals: AbortSignal[] = [];
  const callers = [one, two].map(({ signal }) =>
    a.getOrSet(
      'k',
      (context) => {
        signals.push(context.signal);
        return new Promise<number>(() => undefined);
      },
      { signal },
    ),
  );
  await eventually(() => expect(signals.length).toBe(1));
  one.abort();
  await expect(callers[0]).rejects.toMatchObject({ code: 'aborted' });
  expect(signals[0]?.aborted).toBe(false);
  two.abort();
  await expect(callers[1]).rejects.toMatchObject({ code: 'aborted' });
  expect(signals[0]?.aborted).toBe(true);
  await expect(a.getOrSet('k', () => 1, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'aborted',
  });
  await eventually(async () => expect(await keysOf(redis)).toEqual([]));
  expect(await a.getOrSet('k', () => 1)).toBe(1);
});

test('who has waited long enough for another process makes a value of its own, which is not stored', async () => {
  const { a, b } = await pair<string>({ waitMs: 100 });
  const slow = gate();
  const first = a.getOrSet('k', async () => {
    await slow.opened;
    return 'a';
  });
  await eventually(() => expect(a.statistics().factory.runs).toBe(1));
  expect(await b.getOrSet('k', () => 'b')).toBe('b');
  slow.open();
  expect([await first, await b.get('k')]).toEqual(['a', 'a']);
  await warm(b, 'k');
  expect(b.statistics().factory.unstored).toBe(1);
});

test('a lease is renewed while the factory runs, so that nobody else does', async () => {
  const { redis, a, b } = await pair<number>({ leaseMs: 300 });
  const slow = gate();
  const first = a.getOrSet('k', async () => {
    await slow.opened;
    return 1;
  });
  const lease = 'cache.lease:test:{k}';
  let renewals = 0;
  let last = 0;
  await eventually(async () => {
    const left = Number(await redis.cli('PTTL', lease));
    if (left > last) renewals++;
    last = left;
    expect(renewals).toBeGreaterThan(4);
  });
  const second = b.getOrSet('k', () => 2);
  slow.open();
  expect([await first, await second]).toEqual([1, 1]);
});
