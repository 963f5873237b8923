import { fileURLToPath } from 'node:url';
import { eventually, faultProxy, startProcess, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { pause } from '../../src/index.ts';
import { Locks } from '../../src/locks/index.ts';
import { readyManager } from '../support/ready-manager.ts';

const LOST = { code: 'lock-lost' };

async function pttl(redis: TestRedis): Promise<number> {
  return Number(await redis.cli('PTTL', 'lock:{job}'));
}

/** Waits until the lease was prolonged so many times. */
async function untilRenewed(redis: TestRedis, times: number): Promise<void> {
  let last = await pttl(redis);
  for (let seen = 0; seen < times; ) {
    const now = await pttl(redis);
    expect(now).toBeGreaterThan(0);
    if (now > last) seen++;
    last = now;
    await pause(20);
  }
}

test('a lease is renewed as long as it is held, also after SCRIPT FLUSH', async () => {
  const redis = await startRedis();
  const locks = new Locks(await readyManager(redis.url), { ttlMs: 3000 });
  const lease = await locks.acquire('job');
  await untilRenewed(redis, 2);
  await redis.cli('SCRIPT', 'FLUSH');
  await untilRenewed(redis, 1);
  expect(lease.held).toBe(true);
  await redis.cli('SCRIPT', 'FLUSH');
  expect(await lease.release()).toBe(true);
  expect(await redis.cli('EXISTS', 'lock:{job}')).toBe('0');
});

test('a lease is renewed and given back while Redis has no memory, when none can be taken', async () => {
  const redis = await startRedis();
  const locks = new Locks(await readyManager(redis.url), { ttlMs: 3000 });
  const lease = await locks.acquire('job');
  await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
  await untilRenewed(redis, 1);
  await expect(locks.acquire('other')).rejects.toMatchObject({ code: 'oom' });
  expect(await lease.release()).toBe(true);
  expect(await redis.cli('EXISTS', 'lock:{job}')).toBe('0');
});

test('a lease that Redis forgot is lost at the next renewal, and the next holder has a higher fence', async () => {
  const redis = await startRedis();
  // Its own time would be over only after this test has given up.
  const locks = new Locks(await readyManager(redis.url), { ttlMs: 15_000 });
  const lease = await locks.acquire('job');
  await redis.kill();
  await redis.restart();
  const next = await locks.acquire('job');
  expect(next.fence).toBeGreaterThan(lease.fence);
  await eventually(() => expect(lease.signal.reason).toMatchObject(LOST));
  expect(lease.held).toBe(false);
  expect(await lease.release()).toBe(false);
  expect(await redis.cli('EXISTS', 'lock:{job}')).toBe('1');
});

test('while Redis does not answer a lease is lost when its time is over', async () => {
  const redis = await startRedis();
  const locks = new Locks(await readyManager(redis.url), { ttlMs: 500 });
  const lease = await locks.acquire('job');
  redis.freeze();
  await eventually(() => expect(lease.signal.reason).toMatchObject(LOST));
  redis.thaw();
  const next = await locks.acquire('job');
  expect(next.fence).toBeGreaterThan(lease.fence);
});

test('a lease whose connection is half-open is lost, and renewed again for the next holder', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: redis.url });
  const locks = new Locks(await readyManager(proxy.url, { probeIntervalMs: 100 }), { ttlMs: 500 });
  const lease = await locks.acquire('job');
  proxy.halfOpen();
  await eventually(() => expect(lease.signal.reason).toMatchObject(LOST));
  await proxy.restore();
  const next = await locks.acquire('job', { waitMs: 20_000, ttlMs: 6000 });
  await untilRenewed(redis, 1);
  expect([next.held, next.fence > lease.fence]).toEqual([true, true]);
});

test('an outage that is shorter than the lease does not lose it', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: redis.url });
  const locks = new Locks(await readyManager(proxy.url), { ttlMs: 6000 });
  const lease = await locks.acquire('job');
  proxy.reset();
  // Refuses all writes, until a renewal has failed.
  await redis.cli('CONFIG', 'SET', 'min-replicas-to-write', '1');
  await eventually(async () => {
    expect(await redis.cli('INFO', 'commandstats')).toMatch(/cmdstat_eval:.*failed_calls=[1-9]/);
  });
  await redis.cli('CONFIG', 'SET', 'min-replicas-to-write', '0');
  await untilRenewed(redis, 1);
  expect(lease.held).toBe(true);
});

test('a lease is lost when its manager is closed', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const lease = await new Locks(manager, { ttlMs: 600 }).acquire('job');
  await manager.close();
  await eventually(() => expect(lease.signal.reason).toMatchObject(LOST));
});

test('a holder that was paused past its lease knows it in its first moment, and its late write is refused by its fence', async () => {
  const redis = await startRedis();
  const locks = new Locks(await readyManager(redis.url));
  const program = fileURLToPath(new URL('./holder.process.ts', import.meta.url));
  const holder = startProcess(process.execPath, ['--conditions=@taproot/source', program, redis.url, '1000']);
  await eventually(() => expect(holder.output()).toMatch(/^fence \d+/m));
  holder.signal('SIGSTOP');
  const lease = await locks.acquire('job', { waitMs: 20_000 });
  expect(lease.fence).toBeGreaterThan(Number(/^fence (\d+)/m.exec(holder.output())?.[1]));
  // Read under the new fence, so that nobody else's write can come between this and the next.
  expect(await locks.fencedGet('document', lease.fence)).toBeUndefined();
  await redis.cli('SET', 'go', '1');
  holder.signal('SIGCONT');
  await holder.exit;
  expect(holder.output()).toContain('held false, aborted true');
  expect(holder.output()).toContain('refused: fence');
  await locks.fencedSet('document', 'right', lease.fence);
  expect(await redis.cli('HGET', 'document', 'value')).toBe('right');
  await lease.release();
});
