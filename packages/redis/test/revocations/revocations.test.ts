import { createHash } from 'node:crypto';
import { eventually, faultProxy, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { Revocations, type RevocationsOptions } from '../../src/revocations/index.ts';
import { readyManager } from '../support/ready-manager.ts';

const HOUR_MS = 3_600_000;
const inAnHour = (): { readonly expiresAt: number } => ({ expiresAt: Date.now() + HOUR_MS });
const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url');

/** One process that follows the shared list. */
async function processOn(url: string, options: RevocationsOptions = {}): Promise<Revocations> {
  const revocations = new Revocations(await readyManager(url), options);
  onTestFinished(() => revocations.close());
  return revocations;
}

async function shared(redis: TestRedis): Promise<string[]> {
  return JSON.parse(await redis.cli('ZRANGE', 'revoked:{all}:list', '0', '-1')) as string[];
}

test('a token that was revoked in one process is refused in all, and Redis holds its hash only', async () => {
  const redis = await startRedis();
  const [one, two] = [await processOn(redis.url), await processOn(redis.url)];
  expect(await two.isRevoked('secret-token')).toBe(false);
  await one.revoke('secret-token', inAnHour());
  expect(await one.isRevoked('secret-token')).toBe(true);
  await eventually(async () => expect(await two.isRevoked('secret-token')).toBe(true));
  expect(await two.isRevoked('other')).toBe(false);
  expect(await shared(redis)).toEqual([hashOf('secret-token')]);
  const late = await processOn(redis.url);
  expect(await late.isRevoked('secret-token')).toBe(true);
});

test('a published revocation is known without a question to Redis', async () => {
  const redis = await startRedis();
  const one = await processOn(redis.url);
  const two = await processOn(redis.url, { maxStalenessMs: HOUR_MS });
  await eventually(() => one.revoke('first', inAnHour()).then(() => expect(two.size).toBeGreaterThan(0)));
  redis.freeze();
  expect(await two.isRevoked('first')).toBe(true);
  expect(await two.isRevoked('other')).toBe(false);
  redis.thaw();
});

test('what is known grows old: then Redis is asked, and if it does not answer nobody passes', async () => {
  const redis = await startRedis();
  const revocations = await processOn(redis.url, { maxStalenessMs: 300 });
  await revocations.revoke('revoked', inAnHour());
  await eventually(async () => expect(await revocations.isRevoked('good')).toBe(false));
  redis.freeze();
  await eventually(async () =>
    expect(revocations.isRevoked('good')).rejects.toMatchObject({ name: 'RedisManagerError' }),
  );
  expect(await revocations.isRevoked('revoked')).toBe(true);
  redis.thaw();
  await eventually(async () => expect(await revocations.isRevoked('good')).toBe(false));
});

test('revocations that Redis lost are given back by whoever knows of them', async () => {
  const redis = await startRedis();
  const revocations = await processOn(redis.url, { maxStalenessMs: 300 });
  const tokens = Array.from({ length: 50 }, (_, n) => `token ${n}`);
  for (const token of tokens) await revocations.revoke(token, inAnHour());
  await redis.kill();
  await redis.restart();
  await eventually(async () => expect(await shared(redis)).toHaveLength(50), { timeoutMs: 20_000 });
  await redis.cli('FLUSHALL');
  await redis.cli('SCRIPT', 'FLUSH');
  await eventually(async () => expect(await shared(redis)).toHaveLength(50));
  const fresh = await processOn(redis.url);
  expect(await fresh.isRevoked('token 49')).toBe(true);
});

test('what was not published is known within the bound, also if the list is of another history', async () => {
  const redis = await startRedis();
  const [one, two] = [await processOn(redis.url, { maxStalenessMs: 300 }), await processOn(redis.url)];
  await one.revoke('a', inAnHour());
  await two.close();
  // As a failover to a replica that had another last revocation.
  await redis.cli('ZADD', 'revoked:{all}:list', String(Date.now() + HOUR_MS), hashOf('b'));
  await redis.cli('SET', 'revoked:{all}:version', '5');
  await eventually(async () => expect(await one.isRevoked('b')).toBe(true));
  expect(await one.isRevoked('a')).toBe(true);
});

test('a revocation ends a minute after its token, in Redis and here', async () => {
  const redis = await startRedis();
  const revocations = await processOn(redis.url, { maxStalenessMs: 300 });
  await revocations.revoke('ended', { expiresAt: Date.now() - 57_000 });
  expect(await revocations.isRevoked('ended')).toBe(true);
  expect(Number(await redis.cli('PTTL', 'revoked:{all}:list'))).toBeLessThanOrEqual(3000);
  await eventually(() => expect(revocations.size).toBe(0));
  await eventually(async () => expect(await redis.cli('KEYS', 'revoked:*')).toBe('[]'));
  await revocations.revoke('long ago', { expiresAt: new Date(Date.now() - HOUR_MS) });
  await revocations.revoke('short', { expiresAt: Date.now() - 57_000 });
  await revocations.revoke('long', inAnHour());
  await revocations.revoke('long', { expiresAt: Date.now() + 1000 });
  expect(Number(await redis.cli('PTTL', 'revoked:{all}:list'))).toBeGreaterThan(HOUR_MS);
  await eventually(async () => {
    await revocations.revoke(`another ${Math.random()}`, inAnHour());
    expect(await shared(redis)).not.toContain(hashOf('short'));
  });
});

test('a revocation that Redis does not take is told', async () => {
  const redis = await startRedis();
  const revocations = await processOn(redis.url);
  await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
  await expect(revocations.revoke('token', inAnHour())).rejects.toMatchObject({ code: 'oom' });
  expect(await shared(redis)).toEqual([]);
  expect(await revocations.isRevoked('token')).toBe(false);
});

test('a half-open connection lets nobody pass for longer than the bound', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: redis.url });
  const [one, cut] = [await processOn(redis.url), await processOn(proxy.url, { maxStalenessMs: 500 })];
  await eventually(async () => expect(await cut.isRevoked('token')).toBe(false));
  proxy.halfOpen();
  await one.revoke('token', inAnHour());
  // Until then it may pass, on what was known before.
  await eventually(async () =>
    expect(cut.isRevoked('token')).rejects.toMatchObject({ name: 'RedisManagerError' }),
  );
  await proxy.restore();
  await eventually(async () => expect(await cut.isRevoked('token')).toBe(true), { timeoutMs: 20_000 });
});

test('any text is a token; noise on the channel and wrong options do no harm', async () => {
  const redis = await startRedis();
  const [one, two] = [await processOn(redis.url), await processOn(redis.url)];
  const tokens = ['', '{', 'a b', 'a\r\nb', '\u0000', '日本', 'x'.repeat(1_000_000)];
  for (const token of tokens) await one.revoke(token, inAnHour());
  for (const noise of ['', ' ', '0', 'a b c', '1 2 hash NaN', 'x'.repeat(100_000)])
    await redis.cli('PUBLISH', 'revoked:new', noise);
  await one.revoke('last', inAnHour());
  await eventually(async () => expect(await two.isRevoked('last')).toBe(true));
  for (const token of tokens) expect(await two.isRevoked(token)).toBe(true);
  expect(await two.isRevoked('other')).toBe(false);
  for (const expiresAt of [Number.NaN, -1, Number.POSITIVE_INFINITY, new Date('no date')])
    await expect(one.revoke('token', { expiresAt })).rejects.toMatchObject({ code: 'invalid-options' });
  const manager = await readyManager(redis.url);
  for (const options of [{ maxStalenessMs: 0 }, { maxStalenessMs: 2 ** 31 }, { prefix: '{' }])
    expect(() => new Revocations(manager, options)).toThrow(
      expect.objectContaining({ code: 'invalid-options' }),
    );
});

test('a list that was closed, or whose manager was, asks no more', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const [one, two] = [new Revocations(manager), new Revocations(manager)];
  await eventually(async () => expect(await redis.cli('PUBSUB', 'NUMSUB', 'revoked:new')).toContain('1'));
  await one.close();
  await one.close();
  await manager.close();
  await two.close();
  await expect(new Revocations(manager).isRevoked('token')).rejects.toMatchObject({ code: 'closed' });
});
