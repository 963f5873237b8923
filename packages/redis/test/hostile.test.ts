import { type AddressInfo, createServer, type Socket } from 'node:net';
import { startRedis, type TestRedis } from '@taproot/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  AgentState,
  Cache,
  createRedisManager,
  defineScript,
  logKeys,
  type RedisManager,
  type RedisManagerOptions,
  Revocations,
  Sessions,
} from '../src/index.ts';
import { resolveOptions } from '../src/options.ts';
import { readyManager } from './support/ready-manager.ts';

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

/** As callers without types give it. */
const untyped = (value: unknown): never => value as never;
const REFUSED = { code: 'invalid-options', applied: 'no', retryable: false };

/** The connection is the same, and every reply is that of its own call. */
async function expectUnharmed(id: unknown): Promise<void> {
  const echoes = Array.from({ length: 20 }, (_, n) => String(n));
  expect(await Promise.all(echoes.map((text) => manager.call(['ECHO', text])))).toEqual(echoes);
  expect(await manager.call(['CLIENT', 'ID'])).toBe(id);
}

describe('what is no command is refused before it is sent, and no other call gets a wrong reply', () => {
  test.each([
    ['an empty list', []],
    ['nothing', undefined],
    ['a text', 'GET k'],
    ['a number among its arguments', ['SET', 'k', 5]],
    ['undefined among its arguments', ['SET', 'k', undefined]],
    ['null among its arguments', ['SET', 'k', null]],
    ['an object among its arguments', ['SET', 'k', {}]],
    ['a list among its arguments', ['SET', 'k', ['v']]],
    ['bytes that are no Buffer among its arguments', ['SET', 'k', new Uint8Array([1, 2])]],
  ])('%s', async (_name, args) => {
    const id = await manager.call(['CLIENT', 'ID']);
    const other = manager.call(['ECHO', 'other']);
    await expect(manager.call(untyped(args))).rejects.toMatchObject(REFUSED);
    expect(await other).toBe('other');
    await expectUnharmed(id);
  });

  test('typed commands, chains and scripts', async () => {
    const id = await manager.call(['CLIENT', 'ID']);
    const script = defineScript('one', 'return 1');
    const input = { keys: ['k'], args: [untyped(undefined)] };
    await expect(manager.commands.set('k', untyped(undefined))).rejects.toMatchObject(REFUSED);
    await expect(manager.commands.hSet('k', untyped(undefined))).rejects.toMatchObject(REFUSED);
    await expect(manager.multi().set('k', untyped(undefined)).exec()).rejects.toMatchObject(REFUSED);
    await expect(manager.script(script, input)).rejects.toMatchObject(REFUSED);
    const huge = { keys: ['k'], args: [Buffer.alloc(600 * 2 ** 20)] };
    await expect(manager.script(script, huge)).rejects.toMatchObject({ code: 'too-large', applied: 'no' });
    await expectUnharmed(id);
  });

  test.each([
    [['SYNC']],
    [['PSYNC', '?', '-1']],
    [['REPLCONF', 'listening-port', '1']],
    [['READONLY']],
    [['ASKING']],
    [['WAIT', '1', '0']],
    [['CLIENT', 'SETNAME', 'x']],
    [['client', 'caching', 'yes']],
  ])('%j, which would make the connection another one', async (args) => {
    const id = await manager.call(['CLIENT', 'ID']);
    await expect(manager.call(args)).rejects.toMatchObject(REFUSED);
    await expectUnharmed(id);
  });
});

describe('a time that is none is refused, or over at once', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, untyped('100')])(
    'a deadline of %s',
    async (deadlineMs) => {
      await expect(manager.call(['INCR', 'n'], { deadlineMs })).rejects.toMatchObject(REFUSED);
      expect(await redis.cli('EXISTS', 'n')).toBe('0');
    },
  );

  test.each([0, -1, -1e9])('a deadline of %s has passed: nothing is sent', async (deadlineMs) => {
    const late = { code: 'timeout', applied: 'no' };
    await expect(manager.call(['INCR', 'n'], { deadlineMs })).rejects.toMatchObject(late);
    await expect(manager.multi({ deadlineMs }).incr('n').exec()).rejects.toMatchObject(late);
    expect(await redis.cli('EXISTS', 'n')).toBe('0');
  });

  test.each([untyped('nobody'), untyped('constructor')])('a profile of %s', async (profile) => {
    await expect(manager.call(['INCR', 'n'], { profile })).rejects.toMatchObject(REFUSED);
  });

  test('ready() waits for ever where the time is more than timers take, and not at all where it is less than nothing', async () => {
    const nowhere = createRedisManager({ url: 'redis://127.0.0.1:1', allowSecond: true });
    await expect(nowhere.ready({ timeoutMs: Number.NaN })).rejects.toMatchObject(REFUSED);
    await expect(nowhere.ready({ timeoutMs: -1 })).rejects.toMatchObject({ code: 'not-ready' });
    const told: unknown[] = [];
    const waits = [Number.POSITIVE_INFINITY, 2 ** 31].map((timeoutMs) =>
      nowhere.ready({ timeoutMs }).catch((error: { code: string }) => told.push(error.code)),
    );
    // Later than the timers of 1 ms that Node would make of them.
    await expect(nowhere.ready({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'not-ready' });
    expect(told).toEqual([]);
    await nowhere.close();
    await Promise.all(waits);
    expect(told).toEqual(['closed', 'closed']);
  });

  test.each<RedisManagerOptions>([
    { probeIntervalMs: 1e12 },
    { connectTimeoutMs: 1e12 },
    { deadlineMs: 1e12 },
    { probeIntervalMs: Number.NaN },
  ])('options %o', (options) => {
    expect(() => createRedisManager({ url: redis.url, allowSecond: true, ...options })).toThrow(
      expect.objectContaining(REFUSED),
    );
  });
});

test('a channel that is no text is refused', () => {
  expect(() => manager.subscribe(untyped(undefined), { message: () => undefined })).toThrow(
    expect.objectContaining(REFUSED),
  );
});

test('what a listener throws is an uncaught exception, and others hear on, over the same connection', async () => {
  const own = await readyManager(redis.url, { app: 'thrower' });
  const uncaught: unknown[] = [];
  // Vitest's own would fail the test.
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => uncaught.push(error));
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const other of others) process.on('uncaughtException', other);
  });
  const fault = (): never => {
    throw new TypeError('of a listener');
  };
  const heard: string[] = [];
  const active = Promise.withResolvers<void>();
  own.subscribe('channel', { message: fault });
  own.subscribe('channel', { message: (text) => heard.push(text), active: active.resolve });
  own.observe({ started: fault, ended: fault });
  await active.promise;
  const before = await redis.cli('CLIENT', 'LIST');
  for (let n = 0; n < 3; n++) expect(await own.call(['PUBLISH', 'channel', String(n)])).toBe(1);
  await expect.poll(() => heard).toEqual(['0', '1', '2']);
  // Two of each call, one of each message.
  await expect.poll(() => uncaught.length).toBe(9);
  const idOf = (list: string): string | undefined =>
    /id=(\d+) [^\n]*name=thrower:subscriber:manager/.exec(list)?.[1];
  expect(idOf(await redis.cli('CLIENT', 'LIST'))).toBe(idOf(before));
});

test('a script with keys in several slots is refused, also on one server', async () => {
  const script = defineScript('two', "return redis.call('EXISTS', KEYS[1], KEYS[2])");
  await expect(manager.script(script, { keys: ['{a}1', '{b}1'], args: [] })).rejects.toMatchObject({
    code: 'crossslot',
    applied: 'no',
  });
  for (const keys of [['{a}1', '{a}2'], ['a', 'x{a}'], ['{}a', '{}a'], []])
    await expect(manager.script(defineScript('none', 'return #KEYS'), { keys, args: [] })).resolves.toBe(
      keys.length,
    );
});

describe('closing does not wait for what never comes', () => {
  /** Far longer than the test may take. */
  const SLOW = { connectTimeoutMs: 3_600_000, allowSecond: true };

  test('a provider of credentials that does not answer', async () => {
    let asked = 0;
    const credentials = (): Promise<never> => {
      asked++;
      return new Promise(() => undefined);
    };
    const never = createRedisManager({ url: redis.url, credentials, ...SLOW });
    await expect.poll(() => asked).toBeGreaterThan(0);
    await never.close();
    expect(never.state).toBe('closed');
  });

  test.each([
    ['redis', ''],
    ['rediss', ''],
    ['redis+sentinel', '/mymaster'],
    ['redis+cluster', ''],
  ])('a server that accepts %s connections and says nothing', async (scheme, path) => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => {
      sockets.add(socket.resume());
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const never = createRedisManager({ url: `${scheme}://127.0.0.1:${port}${path}`, ...SLOW });
    await expect.poll(() => sockets.size).toBeGreaterThan(0);
    await never.close();
    // The driver ends a handshake of TLS by its time limit only.
    if (scheme !== 'rediss') await expect.poll(() => sockets.size).toBe(0);
    for (const socket of sockets) socket.destroy();
  });
});

test('what the codec of a feature cannot hold is a typed error, and nothing is stored', async () => {
  const round: { self?: unknown } = {};
  round.self = round;
  const cannot = { code: 'codec', applied: 'no' };
  const cache = new Cache<unknown>(manager, { namespace: 'hostile' });
  for (const value of [round, 1n, () => 1]) {
    await expect(cache.set('k', value)).rejects.toMatchObject(cannot);
    await expect(new AgentState(manager).set('hostile', value)).rejects.toMatchObject(cannot);
    await expect(new Sessions(manager).create('ann', value)).rejects.toMatchObject(cannot);
  }
  await manager.log.create(logKeys('{hostile}'));
  for (const data of [round, [1], 'text', undefined, { n: 1n }])
    await expect(manager.log.append(logKeys('{hostile}'), { data: untyped(data) })).rejects.toMatchObject(
      cannot,
    );
  expect(await manager.log.head(logKeys('{hostile}'))).toMatchObject({ seq: 0 });
  const revocations = new Revocations(manager);
  await expect(revocations.isRevoked(untyped(undefined))).rejects.toMatchObject(REFUSED);
  await cache.close();
});

test('a script that does not compile was certainly not applied', async () => {
  const script = defineScript('wrong', 'retrn 1');
  await expect(manager.script(script, { keys: [], args: [] })).rejects.toMatchObject({
    code: 'reply-error',
    applied: 'no',
  });
});

test('an empty data folder counts as absent, so that the current folder is never taken for it', () => {
  expect(resolveOptions({ dataDir: '', env: {} }).target).toEqual(resolveOptions({ env: {} }).target);
});
