import { startRedis, type TestRedis } from '@taproot/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createRedisManager, type RedisManager } from '../src/index.ts';

let redis: TestRedis;
let manager: RedisManager;

beforeAll(async () => {
  redis = await startRedis();
  manager = createRedisManager({ url: redis.url });
  await manager.ready({ timeoutMs: 10_000 });
});
afterAll(async () => {
  await manager.close();
  await redis.stop();
});
beforeEach(() => redis.cli('FLUSHALL').then(() => undefined));

test('commands are typed methods with the replies of the driver', async () => {
  const { commands } = manager;
  expect(await commands.set('text', 'hello', { expiration: { type: 'PX', value: 60_000 } })).toBe('OK');
  const text: string | null = await commands.get('text');
  expect(text).toBe('hello');
  expect(await commands.hSet('hash', { a: '1', b: '2' })).toBe(2);
  expect({ ...(await commands.hGetAll('hash')) }).toEqual({ a: '1', b: '2' });
  await commands.zAdd('scores', [
    { score: 2, value: 'two' },
    { score: 1, value: 'one' },
  ]);
  expect(await commands.zRangeWithScores('scores', 0, -1)).toEqual([
    { value: 'one', score: 1 },
    { value: 'two', score: 2 },
  ]);
  expect(await redis.cli('PTTL', 'text')).toMatch(/^\d+$/);
});

test('binary values come back as they were sent', async () => {
  const bytes = Buffer.from([0, 255, 13, 10, 0, 128]);
  await manager.call(['SET', 'bytes', bytes]);
  expect(await manager.call(['GET', 'bytes'], { buffers: true })).toEqual(bytes);
});

test('a transaction is applied as a whole, and its replies have their types', async () => {
  const [set, count] = await manager.multi().set('a', '1').incr('n').exec();
  expect([set, count]).toEqual(['OK', 1]);
});

test('a transaction with a command that Redis does not take is not applied', async () => {
  const chain = manager.multi().set('a', '1').addCommand(['NO-SUCH-COMMAND']);
  await expect(chain.exec()).rejects.toMatchObject({ code: 'reply-error', applied: 'no' });
  expect(await redis.cli('EXISTS', 'a')).toBe('0');
});

test('a transaction whose command fails in the middle says that the others were applied', async () => {
  await redis.cli('SET', 'text', 'not a number');
  await expect(manager.multi().set('a', '1').incr('text').exec()).rejects.toMatchObject({ applied: 'yes' });
  expect(await redis.cli('GET', 'a')).toBe('1');
});

test('nothing comes between the commands of a transaction', async () => {
  const busy = Promise.all(Array.from({ length: 200 }, () => manager.call(['INCR', 'n'])));
  const chains = Array.from({ length: 50 }, () => manager.multi().get('n').incr('n').exec());
  for (const [before, after] of await Promise.all(chains))
    expect(Number(after)).toBe(Number(before ?? 0) + 1);
  await busy;
});

test('scan brings every key, page by page', async () => {
  await Promise.all(Array.from({ length: 2000 }, (_, i) => manager.commands.set(`k:${i}`, 'v')));
  const keys = new Set<string>();
  for await (const page of manager.scan({ match: 'k:*', count: 100 })) for (const key of page) keys.add(key);
  expect(keys.size).toBe(2000);
});

test.each([
  ['SUBSCRIBE', 'x'],
  ['blpop', 'x', '0'],
  ['XREAD', 'BLOCK', '0', 'STREAMS', 'x', '$'],
  ['SELECT', '1'],
  ['MULTI'],
  ['CLIENT', 'REPLY', 'OFF'],
])("%s is refused, because the connection is everybody's", async (...args) => {
  await expect(manager.call(args)).rejects.toMatchObject({ code: 'invalid-options', applied: 'no' });
  expect(await manager.call(['PING'])).toBe('PONG');
});

test('an error of Redis keeps its code and never quotes arguments', async () => {
  await manager.commands.set('text', 'x');
  await expect(manager.commands.lPush('text', 'y')).rejects.toMatchObject({
    code: 'wrongtype',
    applied: 'no',
    retryable: false,
  });
  const error = await manager.call(['NO-SUCH', 'secret-argument']).catch((caught: unknown) => caught);
  expect(`${(error as Error).message}${(error as Error).stack}${JSON.stringify(error)}`).not.toContain(
    'secret-argument',
  );
});

test('a value of more than 512 MB is refused before it is sent, and no other call suffers', async () => {
  const huge = Buffer.alloc(600 * 2 ** 20);
  const refused = { code: 'too-large', applied: 'no', retryable: false };
  const before = await manager.call(['CLIENT', 'ID']);
  const other = manager.call(['ECHO', 'hello']);
  await expect(manager.call(['SET', 'huge', huge])).rejects.toMatchObject(refused);
  await expect(manager.multi().set('huge', huge).exec()).rejects.toMatchObject(refused);
  expect(await other).toBe('hello');
  // Over the same connection: Redis would have ended it.
  expect(await manager.call(['CLIENT', 'ID'])).toBe(before);
});
