import { eventually, faultProxy, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { slotOf } from '../../src/cluster/slot.ts';
import { FreeNotice } from '../../src/locks/free-notice.ts';
import { type Lease, Locks } from '../../src/locks/index.ts';
import { readyManager } from '../support/ready-manager.ts';

/** Adds one to a text in Redis by reading and writing it, which goes wrong unless one does it at a time. */
async function addOne(redis: TestRedis): Promise<void> {
  const before = Number(await redis.cli('GET', 'n'));
  await redis.cli('SET', 'n', String(before + 1));
}

test('only one of many processes works under a lock at a time, and all get their turn', async () => {
  const redis = await startRedis();
  const managers = await Promise.all([1, 2, 3].map(() => readyManager(redis.url)));
  const fences: number[] = [];
  const work = managers.flatMap((manager) => {
    const locks = new Locks(manager);
    return Array.from({ length: 8 }, () =>
      locks.withLock('n', ({ fence }) => addOne(redis).then(() => fences.push(fence)), { waitMs: 60_000 }),
    );
  });
  await Promise.all(work);
  expect(await redis.cli('GET', 'n')).toBe('24');
  expect(fences).toEqual(fences.toSorted((a, b) => a - b));
  expect(new Set(fences).size).toBe(24);
  const waiting = await redis.cli('PUBSUB', 'CHANNELS', 'lock:*');
  expect(waiting).toBe('[]');
});

test('a lock that is held is refused after the wait, and given as soon as it is free', async () => {
  const redis = await startRedis();
  const locks = new Locks(await readyManager(redis.url), { ttlMs: 60_000 });
  const lease = await locks.acquire('job');
  await expect(locks.acquire('job', { waitMs: 0 })).rejects.toMatchObject({
    code: 'lock-held',
    retryable: true,
    applied: 'no',
  });
  await expect(locks.acquire('job', { waitMs: 100 })).rejects.toMatchObject({ code: 'lock-held' });
  const waiting = locks.acquire('job', { waitMs: 50_000 });
  await eventually(async () => expect(await redis.cli('PUBSUB', 'CHANNELS', 'lock:*')).not.toBe('[]'));
  expect(await lease.release()).toBe(true);
  expect((await waiting).held).toBe(true);
  expect(await lease.release()).toBe(true);
});

test('whoever waits is woken by the release and by its signal, long before it would ask again', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const lease = await new Locks(manager).acquire('job');
  const notice = new FreeNotice(manager, 'lock:free:job');
  const tooLate = 3_600_000;
  // The first wait ends when the subscription counts.
  await notice.wait(tooLate);
  const woken = notice.wait(tooLate);
  await lease.release();
  await woken;
  const stop = new AbortController();
  const aborted = notice.wait(tooLate, stop.signal);
  stop.abort();
  await aborted;
  await notice.wait(tooLate, stop.signal);
  notice.close();
});

test('waiting ends with its signal', async () => {
  const redis = await startRedis();
  const locks = new Locks(await readyManager(redis.url));
  await locks.acquire('job');
  const stop = new AbortController();
  const waiting = locks.acquire('job', { waitMs: 50_000, signal: stop.signal });
  await eventually(async () => expect(await redis.cli('PUBSUB', 'CHANNELS', 'lock:*')).not.toBe('[]'));
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
  await expect(locks.acquire('job', { signal: stop.signal })).rejects.toMatchObject({ code: 'aborted' });
  await eventually(async () => expect(await redis.cli('PUBSUB', 'CHANNELS', 'lock:*')).toBe('[]'));
});

test('whoever waits goes on waiting while Redis is killed and started again', async () => {
  const redis = await startRedis();
  const locks = new Locks(await readyManager(redis.url), { ttlMs: 60_000 });
  await locks.acquire('job');
  const waiting = locks.acquire('job', { waitMs: 50_000 });
  await redis.kill();
  await redis.restart();
  expect((await waiting).held).toBe(true);
});

test('a lock taken by a call whose reply was late is the same one at the next try', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: redis.url });
  const locks = new Locks(await readyManager(proxy.url, { probeIntervalMs: 20_000 }), { ttlMs: 6000 });
  // From here on the server knows the script, so that one trip takes the lock.
  await (await locks.acquire('other')).release();
  proxy.latency(2000);
  const taking = locks.acquire('job', { waitMs: 30_000 });
  const fence = await eventually(async () => {
    const found = await redis.cli('GET', 'lock:{job}:fence');
    expect(found).not.toBe('');
    return Number(found);
  });
  proxy.latency(0);
  expect((await taking).fence).toBe(fence);
});

test('a lock taken by a call whose reply came too late is given back', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: redis.url });
  const locks = new Locks(await readyManager(proxy.url, { probeIntervalMs: 20_000 }), { ttlMs: 60_000 });
  await (await locks.acquire('other')).release();
  proxy.latency(1500);
  await expect(locks.acquire('job', { waitMs: 0 })).rejects.toMatchObject({
    code: 'timeout',
    applied: 'unknown',
  });
  await eventually(async () => {
    expect(await redis.cli('EXISTS', 'lock:{job}:fence')).toBe('1');
    expect(await redis.cli('EXISTS', 'lock:{job}')).toBe('0');
  });
});

test('work under a lock gives its result, its error, and lock-lost if the lease ended before it did', async () => {
  const redis = await startRedis();
  const locks = new Locks(await readyManager(redis.url));
  expect(await locks.withLock('job', ({ fence }) => fence > 0)).toBe(true);
  const fault = new TypeError('of the work');
  await expect(locks.withLock('job', () => Promise.reject(fault))).rejects.toBe(fault);
  expect(await redis.cli('EXISTS', 'lock:{job}')).toBe('0');
  const forgotten = async ({ signal }: Lease): Promise<string> => {
    await redis.cli('DEL', 'lock:{job}');
    await eventually(() => expect(signal.aborted).toBe(true));
    return 'done';
  };
  const lost = locks.withLock('job', forgotten, { ttlMs: 600 });
  await expect(lost).rejects.toMatchObject({ code: 'lock-lost', applied: 'unknown' });
  const early = locks.withLock('job', async (lease) => {
    await lease.release();
    return 'done';
  });
  expect(await early).toBe('done');
});

const HOSTILE = [
  'a{b}c',
  'a}b{c',
  '{}',
  '{',
  '}',
  'a b',
  'a\r\nSET x y',
  '*',
  'lock:{job}',
  'a:fence',
  'ä',
  '日本',
  '\u0000',
  '~',
  '%',
  'x'.repeat(10_000),
  `${'x'.repeat(10_000)}y`,
];

test('any name is a lock of its own, with both keys in one slot', async () => {
  const redis = await startRedis();
  const locks = new Locks(await readyManager(redis.url));
  const leases = await Promise.all(HOSTILE.map((name) => locks.acquire(name, { waitMs: 0 })));
  expect(leases.every(({ held }) => held)).toBe(true);
  const keys = JSON.parse(await redis.cli('KEYS', '*')) as string[];
  const leaseKeys = keys.filter((key) => key.startsWith('lock:{') && key.endsWith('}'));
  expect(leaseKeys).toHaveLength(HOSTILE.length);
  for (const key of leaseKeys) {
    expect(key.length).toBeLessThan(300);
    expect(keys).toContain(`${key}:fence`);
    expect(slotOf(`${key}:fence`)).toBe(slotOf(key));
  }
  for (const name of ['', '\ud800', undefined as unknown as string])
    await expect(locks.acquire(name)).rejects.toMatchObject({ code: 'invalid-options' });
});

test('options that cannot be are refused', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  for (const options of [
    { ttlMs: 29 },
    { ttlMs: Number.NaN },
    { ttlMs: 1e9 },
    { keepFenceMs: -1 },
    { prefix: 'a{b}' },
  ])
    expect(() => new Locks(manager, options)).toThrow(expect.objectContaining({ code: 'invalid-options' }));
  const locks = new Locks(manager);
  for (const options of [{ ttlMs: 0 }, { waitMs: -1 }, { waitMs: Number.POSITIVE_INFINITY }])
    await expect(locks.acquire('job', options)).rejects.toMatchObject({ code: 'invalid-options' });
  await expect(locks.fencedSet('document', 'x', Number.NaN)).rejects.toMatchObject({
    code: 'invalid-options',
  });
  await redis.cli('LPUSH', 'lock:{job}', 'somebody else’s');
  await expect(locks.acquire('job')).rejects.toMatchObject({ code: 'wrongtype' });
});
