import {
  certificates,
  eventually,
  freePort,
  startRedis,
  startSentinel,
  type TestRedis,
} from '@taproot/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Loans } from '../../src/loans/index.ts';
import { contextOf, DRIVERS, lend, loansOn, names } from './support.ts';

const LOAN = ['taproot:loan:test'];

/** Sentinels and replicas have connections too. */
async function loansAt(redis: TestRedis | undefined): Promise<string[]> {
  return redis === undefined ? [] : (await names(redis)).filter((name) => name.startsWith('taproot:'));
}

describe.each(DRIVERS)('%s', (driver) => {
  test('a loan connects through a Unix socket, and again after a restart', async () => {
    const redis = await startRedis({ unixSocket: true });
    const client = await lend(loansOn(`unix://${redis.socketPath}`), driver);
    await client.call('SET', 'key', 'value');
    const list = await redis.cli('CLIENT', 'LIST');
    expect(list).toMatch(/ addr=\S*redis\.sock:0 .* name=taproot:loan:test /);
    await redis.restart();
    expect(await client.call('SET', 'key', 'again')).toBe('OK');
    expect(await redis.cli('GET', 'key')).toBe('again');
  });

  test('a loan shows its client certificate and checks the server’s, and so does its duplicate', async () => {
    const pems = await certificates();
    const port = await freePort();
    const redis = await startRedis({ args: ['--tls-port', String(port), ...pems.redisArgs] });
    const url = `rediss://127.0.0.1:${port}`;
    const client = await lend(loansOn(url, { tls: { ca: pems.ca, ...pems.client } }), driver);
    const copy = client.duplicate();
    expect(await Promise.all([client.call('PING'), copy.call('PING')])).toEqual(['PONG', 'PONG']);
    const ours = (await redis.cli('CLIENT', 'LIST'))
      .split('\n')
      .filter((line) => line.includes(LOAN[0] ?? ''));
    for (const line of ours) expect(line).toContain(`laddr=127.0.0.1:${port}`);
    const distrustful = await lend(loansOn(url, { tls: pems.client }), driver);
    await eventually(() => expect(String(distrustful.errors)).toMatch(/certificate/));
    expect(distrustful.ready()).toBe(false);
  });

  test('a loan follows the sentinels to the new master, with its subscriptions', async () => {
    const sentinel = await startSentinel({ replicas: 1 });
    const client = await lend(loansOn(sentinel.url), driver);
    const subscriber = client.duplicate();
    const heard: string[] = [];
    await subscriber.subscribe('channel', (message) => heard.push(message));
    const [first] = sentinel.nodes;
    expect(await loansAt(first)).toEqual([...LOAN, ...LOAN]);
    await first?.kill();
    const waiting = client.call('SET', 'key', 'value');
    expect(await waiting).toBe('OK');
    const master = await sentinel.master();
    expect(master).not.toBe(first);
    expect(await master.cli('GET', 'key')).toBe('value');
    await eventually(async () => {
      await client.call('PUBLISH', 'channel', 'hello');
      expect(heard).toContain('hello');
    });
    await eventually(async () => expect(await loansAt(master)).toEqual([...LOAN, ...LOAN]));
  });

  test('a loan that hangs at a frozen master moves when it is told that Redis may be elsewhere', async () => {
    const sentinel = await startSentinel({ replicas: 1 });
    const loans = loansOn(sentinel.url);
    const client = await lend(loans, driver);
    await client.call('PING');
    const [first] = sentinel.nodes;
    first?.freeze();
    await eventually(async () => expect(await sentinel.master()).not.toBe(first), { timeoutMs: 30_000 });
    const master = await sentinel.master();
    await eventually(async () => expect(await master.cli('ROLE')).toContain('master'));
    loans.relocate();
    await eventually(async () => expect(await loansAt(master)).toEqual(LOAN));
    expect(await client.call('SET', 'key', 'value')).toBe('OK');
    expect(await master.cli('GET', 'key')).toBe('value');
    first?.thaw();
  });

  test('a replica that is named as the master is neither read nor written', async () => {
    const master = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
    await eventually(async () => expect(await replica.cli('ROLE')).toContain('connected'));
    const [old, now] = [contextOf(replica.url), contextOf(master.url)];
    let asked = 0;
    const loans = new Loans({
      ...now,
      locate: async (signal) => {
        const at = asked++ < 4 ? old : now;
        return { ...(await at.locate(signal)), master: true };
      },
    });
    onTestFinished(() => loans.close());
    const client = await lend(loans, driver);
    expect(await client.call('ROLE')).toContain('master');
    expect(await client.call('SET', 'key', 'value')).toBe('OK');
    expect(await master.cli('GET', 'key')).toBe('value');
    await eventually(async () => expect(await loansAt(replica)).toEqual([]));
  });
});
