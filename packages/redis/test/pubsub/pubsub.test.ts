import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventually, faultProxy, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { type Channel, type ChannelItem, jsonMessages, PubSub } from '../../src/pubsub/index.ts';
import { readyManager } from '../support/ready-manager.ts';

interface Price {
  readonly price: number;
}

const prices = jsonMessages<Price>((value) => {
  const { price } = value as Price;
  if (typeof price !== 'number') throw new TypeError('no price');
  return { price };
});

async function channelOn(url: string, name = 'prices'): Promise<Channel<Price>> {
  return new PubSub(await readyManager(url)).channel(name, prices);
}

/** The items of an iteration, as they come. */
function collect<T>(items: AsyncIterable<ChannelItem<T>>): {
  readonly seen: ChannelItem<T>[];
  readonly ended: Promise<void>;
} {
  const seen: ChannelItem<T>[] = [];
  const ended = (async () => {
    for await (const item of items) seen.push(item);
  })();
  return { seen, ended };
}

const subscribers = (redis: TestRedis): Promise<string> => redis.cli('PUBSUB', 'CHANNELS', 'pubsub:*');

test('a message reaches all who are subscribed, in order, by callback and by iteration', async () => {
  const redis = await startRedis();
  const [here, there] = [await channelOn(redis.url), await channelOn(redis.url)];
  expect(await here.publish({ price: 0 })).toBe(0);
  const heard: (Price | 'active')[] = [];
  const off = here.subscribe({ message: (value) => heard.push(value), active: () => heard.push('active') });
  const stop = new AbortController();
  const { seen, ended } = collect(there.messages({ signal: stop.signal }));
  await eventually(() => expect([heard[0], seen[0]]).toEqual(['active', { kind: 'active' }]));
  expect(await here.publish({ price: 1 })).toBe(2);
  for (let price = 2; price <= 100; price++) await there.publish({ price });
  const expected = Array.from({ length: 100 }, (_, n) => ({ price: n + 1 }));
  await eventually(() => expect(heard.slice(1)).toEqual(expected));
  await eventually(() =>
    expect(seen.slice(1)).toEqual(expected.map((value) => ({ kind: 'message', value }))),
  );
  stop.abort();
  await ended;
  await off();
  await off();
  await eventually(async () => expect(await subscribers(redis)).toBe('[]'));
});

test.each(['reset', 'restart'] as const)('messages lost by a %s are told as a gap', async (fault) => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: redis.url });
  const channel = await channelOn(proxy.url);
  const stop = new AbortController();
  const { seen, ended } = collect(channel.messages({ signal: stop.signal }));
  const gaps: string[] = [];
  channel.subscribe(
    { message: () => undefined, gap: (reason) => gaps.push(reason) },
    { signal: stop.signal },
  );
  await eventually(() => expect(seen).toHaveLength(1));
  if (fault === 'reset') proxy.reset();
  else {
    await redis.kill();
    await redis.restart();
  }
  await eventually(() => expect(seen[1]).toEqual({ kind: 'gap', reason: 'reconnected' }));
  expect(gaps).toEqual(['reconnected']);
  await eventually(async () => expect(await channel.publish({ price: 1 })).toBeGreaterThan(0));
  await eventually(() => expect(seen.at(-1)).toEqual({ kind: 'message', value: { price: 1 } }));
  stop.abort();
  await ended;
});

test('a subscription that went deaf is made anew, with a gap', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: redis.url });
  const channel = new PubSub(await readyManager(proxy.url, { probeIntervalMs: 100 })).channel(
    'prices',
    prices,
  );
  const stop = new AbortController();
  const { seen, ended } = collect(channel.messages({ signal: stop.signal }));
  await eventually(() => expect(seen).toHaveLength(1));
  proxy.halfOpen();
  await proxy.restore();
  await eventually(() => expect(seen[1]).toEqual({ kind: 'gap', reason: 'reconnected' }), {
    timeoutMs: 20_000,
  });
  stop.abort();
  await ended;
});

test('a reader that is too slow loses the oldest messages and is told so', async () => {
  const redis = await startRedis();
  const channel = await channelOn(redis.url);
  const slow = channel.messages({ maxBuffered: 3 });
  expect((await slow.next()).value).toEqual({ kind: 'active' });
  let arrived = 0;
  channel.subscribe({ message: () => arrived++ });
  for (let price = 1; price <= 10; price++) await channel.publish({ price });
  await eventually(() => expect(arrived).toBe(10));
  expect((await slow.next()).value).toEqual({ kind: 'gap', reason: 'overflow' });
  for (const price of [8, 9, 10])
    expect((await slow.next()).value).toEqual({ kind: 'message', value: { price } });
  await slow.return();
});

test('a reader keeps no more bytes than it was allowed', async () => {
  const redis = await startRedis();
  const text = new PubSub(await readyManager(redis.url)).channel<string>('texts');
  const slow = text.messages({ maxBufferedBytes: 1000 });
  await slow.next();
  const sizes: number[] = [];
  text.subscribe({ message: (value) => sizes.push(value.length) });
  for (const size of [400, 500, 600, 2000]) await text.publish('x'.repeat(size));
  await eventually(() => expect(sizes).toHaveLength(4));
  await text.publish('last');
  await eventually(() => expect(sizes).toHaveLength(5));
  expect((await slow.next()).value).toEqual({ kind: 'gap', reason: 'overflow' });
  expect((await slow.next()).value).toEqual({ kind: 'message', value: 'last' });
  await slow.return();
});

test('what is no message of the channel is a gap, and the next one is heard', async () => {
  const redis = await startRedis();
  const channel = await channelOn(redis.url);
  const stop = new AbortController();
  const { seen, ended } = collect(channel.messages({ signal: stop.signal }));
  await eventually(() => expect(seen).toHaveLength(1));
  for (const noise of ['{', '{}', '"text"', 'null', '']) await redis.cli('PUBLISH', 'pubsub:prices', noise);
  await channel.publish({ price: 1 });
  await eventually(() => expect(seen).toHaveLength(7));
  expect(seen.slice(1, 6)).toEqual(Array.from({ length: 5 }, () => ({ kind: 'gap', reason: 'undecodable' })));
  expect(seen[6]).toEqual({ kind: 'message', value: { price: 1 } });
  stop.abort();
  await ended;
});

test('a subscriber that throws keeps nobody from hearing, and its error is not hidden', async () => {
  const redis = await startRedis();
  const channel = await channelOn(redis.url);
  const heard: number[] = [];
  const thrown: unknown[] = [];
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error));
  try {
    const fault = new TypeError('of the subscriber');
    const off = [
      channel.subscribe({
        message: () => {
          throw fault;
        },
      }),
      channel.subscribe({ message: ({ price }) => heard.push(price) }),
    ];
    await eventually(async () => expect(await channel.publish({ price: 1 })).toBe(1));
    await eventually(() => expect([heard[0], thrown[0]]).toEqual([1, fault]));
    await Promise.all(off.map((each) => each()));
    await nextTurn();
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  }
});

test('a signal ends both kinds of subscription, and so does the end of the manager', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const channel = new PubSub(manager).channel('prices', prices);
  const aborted = AbortSignal.abort();
  channel.subscribe({ message: () => undefined }, { signal: aborted });
  expect((await channel.messages({ signal: aborted }).next()).done).toBe(true);
  expect(await subscribers(redis)).toBe('[]');
  const stop = new AbortController();
  channel.subscribe({ message: () => undefined }, { signal: stop.signal });
  await eventually(async () => expect(await subscribers(redis)).not.toBe('[]'));
  stop.abort();
  await eventually(async () => expect(await subscribers(redis)).toBe('[]'));
  const { ended } = collect(channel.messages());
  await manager.close();
  await ended;
  await expect(channel.publish({ price: 1 })).rejects.toMatchObject({ code: 'closed' });
});

test('any text is a channel of its own, and what is too large or cannot be written is refused', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const pubsub = new PubSub(manager, { maxMessageBytes: 100 });
  const names = [
    '{',
    '}',
    '{a}',
    'a b',
    'a\r\nb',
    '*',
    '日本',
    'pubsub:prices',
    'x'.repeat(10_000),
    `${'x'.repeat(10_000)}y`,
  ];
  const heard: string[] = [];
  for (const name of names) pubsub.channel<string>(name).subscribe({ message: (value) => heard.push(value) });
  await eventually(async () => expect(JSON.parse(await subscribers(redis))).toHaveLength(names.length));
  // A name with a slot tag would be published in one slot of a Cluster, and heard elsewhere.
  expect(await subscribers(redis)).not.toContain('{');
  for (const name of names) await pubsub.channel<string>(name).publish(name.slice(-20));
  await eventually(() => expect(heard).toEqual(names.map((name) => name.slice(-20))));
  await expect(pubsub.channel('a').publish('x'.repeat(99))).rejects.toMatchObject({
    code: 'too-large',
    applied: 'no',
  });
  await expect(pubsub.channel('a').publish(undefined)).rejects.toMatchObject({
    code: 'codec',
    applied: 'no',
  });
  expect(() => pubsub.channel('')).toThrow(expect.objectContaining({ code: 'invalid-options' }));
  for (const options of [{ maxBuffered: 0 }, { maxBufferedBytes: 0 }])
    await expect(pubsub.channel('a').messages(options).next()).rejects.toMatchObject({
      code: 'invalid-options',
    });
});
