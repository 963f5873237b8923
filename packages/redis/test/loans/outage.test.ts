import { eventually, faultProxy, startRedis } from '@taproot/testkit';
import { describe, expect, test } from 'vitest';
import { DRIVERS, lend, lending, MANAGERS_TWO, names, onlyTheManagerIsLeft } from './support.ts';

const WAYS = {
  'node-redis': ['quit', 'disconnect', 'close', 'destroy'],
  ioredis: ['quit', 'disconnect', 'end'],
} as const;

/** Not even a turn of the event loop later if `ms` is 0. */
async function after(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}

type Closing = Record<string, () => unknown>;

describe.each(DRIVERS)('%s', (driver) => {
  test.each(WAYS[driver])('%s() returns the loan: with Redis there, killed and frozen', async (way) => {
    const lent = await lending();
    const close = async (client: { readonly client: object }): Promise<unknown> =>
      (client.client as Closing)[way]?.();

    const there = await lend(lent.loans, driver);
    await eventually(() => expect(there.ready()).toBe(true));
    await close(there);
    await onlyTheManagerIsLeft(lent);
    // A second time is no harm.
    await close(there);

    const unused = await lend(lent.loans, driver);
    await close(unused);
    await eventually(() => expect(lent.loans.size).toBe(0));

    const killed = await lend(lent.loans, driver);
    await eventually(() => expect(killed.ready()).toBe(true));
    await lent.redis.kill();
    await eventually(() => expect(killed.ready()).toBe(false));
    const waiting = killed.call('INCR', 'n').catch((error: Error) => error);
    await close(killed);
    await eventually(() => expect(lent.loans.size).toBe(0));
    expect(await waiting).toBeInstanceOf(Error);
    await lent.redis.restart();
    await lent.manager.ready({ timeoutMs: 10_000 });
    await onlyTheManagerIsLeft(lent);
    expect(await lent.redis.cli('GET', 'n')).toBe('');

    const frozen = await lend(lent.loans, driver);
    await eventually(() => expect(frozen.ready()).toBe(true));
    lent.redis.freeze();
    await close(frozen);
    await eventually(() => expect(lent.loans.size).toBe(0));
    lent.redis.thaw();
    await onlyTheManagerIsLeft(lent);
  });

  test('a loan finds Redis again after a restart, with its subscriptions and what waited', async () => {
    const lent = await lending();
    const client = await lend(lent.loans, driver);
    const subscriber = client.duplicate();
    const heard: string[] = [];
    await subscriber.subscribe('channel', (message) => heard.push(message));
    await lent.redis.kill();
    await eventually(() => expect(client.ready()).toBe(false));
    const waiting = client.call('SET', 'key', 'value');
    await lent.redis.restart();
    expect(await waiting).toBe('OK');
    await eventually(async () => {
      await client.call('PUBLISH', 'channel', 'hello');
      expect(heard).toContain('hello');
    });
    expect(await names(lent.redis)).toHaveLength(4);
  });

  test('a server that freezes is left for a new connection, however busy the loan is', async () => {
    const redis = await startRedis();
    const proxy = await faultProxy({ target: { port: redis.port } });
    const lent = await lending({ redis, url: proxy.url });
    const client = await lend(lent.loans, driver, { silentMs: 300 });
    const subscriber = client.duplicate();
    const heard: string[] = [];
    await subscriber.subscribe('channel', (message) => heard.push(message));
    await eventually(() => expect(client.ready()).toBe(true));
    proxy.halfOpen();
    const busy = setInterval(() => client.call('SET', 'key', 'value').catch(() => undefined), 20);
    try {
      await eventually(() =>
        expect(String(client.errors)).toMatch(/did not answer for 300 ms|didn't receive any in 300ms/),
      );
      await proxy.restore();
      await eventually(async () => {
        await client.call('PUBLISH', 'channel', 'hello');
        expect(heard).toContain('hello');
      });
    } finally {
      clearInterval(busy);
    }
  });

  test('a server that takes connections and does not answer the handshake is tried again', async () => {
    const redis = await startRedis();
    const proxy = await faultProxy({ target: { port: redis.port } });
    const lent = await lending({ redis, url: proxy.url, connectTimeoutMs: 150 });
    proxy.halfOpen();
    const client = await lend(lent.loans, driver, { silentMs: 300 });
    await eventually(() => expect(client.errors.length).toBeGreaterThan(1));
    await proxy.restore();
    expect(await client.call('PING')).toBe('PONG');
  });

  test('a loan destroyed while it connects leaves no connection, even if it is connected again', async () => {
    const redis = await startRedis();
    const proxy = await faultProxy({ target: { port: redis.port } });
    const lent = await lending({ redis, url: proxy.url });
    for (let round = 0; round < 20; round++) {
      // At another moment of connecting each time: before the socket, before the handshake, in it, after it.
      const client = await lend(lent.loans, driver);
      proxy.latency(round % 4);
      await after(round % 7);
      client.client.disconnect();
      if (round % 2 === 0) continue;
      client.client.connect().catch(() => undefined);
      await after(round % 5);
      client.client.disconnect();
    }
    proxy.latency(0);
    await onlyTheManagerIsLeft(lent);
    await eventually(() => expect(proxy.connections).toBe(0));
  });

  test('a loan that was destroyed while it connected connects again like any other', async () => {
    const redis = await startRedis();
    const proxy = await faultProxy({ target: { port: redis.port } });
    const lent = await lending({ redis, url: proxy.url });
    const client = await lend(lent.loans, driver);
    client.client.disconnect();
    await eventually(() => expect(lent.loans.size).toBe(0));
    client.client.connect().catch(() => undefined);
    client.client.disconnect();
    await eventually(() => expect(lent.loans.size).toBe(0));
    await client.client.connect();
    const id = await client.call('CLIENT', 'ID');
    proxy.reset();
    await eventually(async () => expect(await client.call('CLIENT', 'ID')).not.toBe(id));
  });

  test('what is lost in flight ends no process, and a subscription that is lost is asked for again', async () => {
    const redis = await startRedis();
    const proxy = await faultProxy({ target: { port: redis.port } });
    const lent = await lending({ redis, url: proxy.url });
    const client = await lend(lent.loans, driver);
    const subscriber = client.duplicate();
    await Promise.all([client.call('PING'), subscriber.call('PING')]);
    proxy.blackhole();
    const heard: string[] = [];
    const subscribing = subscriber.subscribe('channel', (message) => heard.push(message));
    // Nobody looks at what becomes of this.
    void client.publish('channel', 'lost');
    await new Promise((resolve) => setImmediate(resolve));
    proxy.reset();
    await proxy.restore();
    await subscribing;
    await eventually(async () => {
      await client.publish('channel', 'hello');
      expect(heard).toContain('hello');
    });
    proxy.blackhole();
    void client.publish('channel', 'lost too');
    client.client.disconnect();
    await eventually(() => expect(lent.loans.size).toBe(1));
  });

  test('a loan that is cut again and again never has more than one connection', async () => {
    const redis = await startRedis();
    const proxy = await faultProxy({ target: { port: redis.port } });
    const lent = await lending({ redis, url: proxy.url });
    const client = await lend(lent.loans, driver);
    for (let round = 0; round < 10; round++) {
      const id = await client.call('CLIENT', 'ID');
      if (round % 2 === 0) proxy.reset();
      else {
        client.client.disconnect();
        await eventually(() => expect(lent.loans.size).toBe(0));
        await client.client.connect();
      }
      await eventually(async () => expect(await client.call('CLIENT', 'ID')).not.toBe(id));
    }
    await eventually(async () => {
      expect(proxy.connections).toBe(1);
      expect(await names(redis)).toEqual([MANAGERS_TWO[0], 'taproot:loan:test', MANAGERS_TWO[1]]);
    });
  });

  test('a loan asked for before there is a Redis works when it comes', async () => {
    const lent = await lending();
    await lent.redis.kill();
    const client = await lend(lent.loans, driver);
    const waiting = client.call('SET', 'key', 'value');
    await lent.redis.restart();
    expect(await waiting).toBe('OK');
  });

  test('while Redis loads its data a loan waits instead of failing', async () => {
    const redis = await startRedis({ args: ['--appendonly', 'yes', '--key-load-delay', '200'] });
    const lent = await lending({ redis });
    await redis.cli('EVAL', "for i = 1, 10000 do redis.call('SET', 'k' .. i, i) end", '0');
    const client = await lend(lent.loans, driver);
    expect(await client.call('GET', 'k7')).toBe('7');
    await redis.kill();
    const failed: unknown[] = [];
    let stop = false;
    const reading = (async () => {
      while (!stop) {
        await client.call('GET', 'k7').catch((error: Error) => failed.push(error.message));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const restarting = redis.restart();
    await eventually(async () => expect(await redis.cli('INFO', 'persistence')).toContain('loading:1'));
    await restarting;
    expect(await client.call('GET', 'k7')).toBe('7');
    stop = true;
    await reading;
    expect(failed.filter((message) => String(message).includes('LOADING'))).toEqual([]);
  });
});
