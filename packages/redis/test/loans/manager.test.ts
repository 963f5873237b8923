import { eventually, startCluster, startRedis, startSentinel, temporaryFolder } from '@taproot/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createRedisManager } from '../../src/index.ts';
import { readyManager } from '../support/ready-manager.ts';
import { DRIVERS, lend, names } from './support.ts';

const LOAN = { owner: 'mailer', purpose: 'a test' };

describe.each(DRIVERS)('%s', (driver) => {
  test('what a manager lends bears its name, counts against its budget, and ends with it', async () => {
    const redis = await startRedis();
    const manager = await readyManager(redis.url, { app: 'shop', maxLoans: 1 });
    const client = await lend(manager, driver, LOAN);
    await client.set('key', 'value');
    await eventually(async () => expect(await names(redis)).toContain('shop:loan:mailer'));
    expect(manager.loans).toMatchObject([{ ...LOAN, driver, open: true }]);
    await expect(lend(manager, driver, LOAN)).rejects.toMatchObject({ code: 'loan-budget' });
    await manager.close();
    await eventually(async () => expect(await names(redis)).toEqual([]));
    await expect(lend(manager, driver, LOAN)).rejects.toMatchObject({ code: 'closed' });
  });

  test('a loan reaches the embedded server, and does not keep it from ending', async () => {
    const manager = createRedisManager({ dataDir: temporaryFolder(), env: {} });
    onTestFinished(() => manager.close());
    const client = await lend(manager, driver, LOAN);
    await client.set('key', 'value');
    await manager.ready({ timeoutMs: 10_000 });
    expect(await manager.call(['GET', 'key'])).toBe('value');
    const { process_id: pid } = Object.fromEntries(
      String(await manager.call(['INFO', 'server']))
        .split('\r\n')
        .map((line) => line.split(':')),
    );
    await manager.close();
    await eventually(() => expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH'));
  });

  test('credentials that the manager rotates reach its loans', async () => {
    const redis = await startRedis();
    const login = async (username: string): Promise<{ username: string; password: string }> => {
      await redis.cli('ACL', 'SETUSER', username, 'on', '>secret', '~*', '&*', '+@all');
      return { username, password: 'secret' };
    };
    let now = await login('one');
    const manager = await readyManager(redis.url, { credentials: async () => now });
    const client = await lend(manager, driver, LOAN);
    await client.set('key', 'value');
    now = await login('two');
    await manager.rotateCredentials();
    const ours = (await redis.cli('CLIENT', 'LIST'))
      .split('\n')
      .filter((line) => line.includes('name=taproot:'));
    expect(ours.map((line) => / user=(\S+)/.exec(line)?.[1])).toEqual(['two', 'two', 'two']);
  });

  test('a manager that follows a failover takes its loans along', async () => {
    const sentinel = await startSentinel({ replicas: 1 });
    const manager = await readyManager(sentinel.url);
    const client = await lend(manager, driver, LOAN);
    await client.set('key', 'value');
    const [first] = sentinel.nodes;
    first?.freeze();
    await eventually(() => expect(manager.node).not.toBe(`127.0.0.1:${first?.port}`), { timeoutMs: 30_000 });
    const master = await sentinel.master();
    await eventually(async () => expect(await names(master)).toContain('taproot:loan:mailer'));
    expect(await client.set('key', 'again')).toBe('OK');
    expect(await master.cli('GET', 'key')).toBe('again');
    first?.thaw();
  });
});

test('a manager on a Cluster lends Cluster clients, which end with it', async () => {
  const cluster = await startCluster();
  const seeds = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const manager = await readyManager(`redis+cluster://${seeds}`);
  for (const driver of DRIVERS) {
    const client = await lend(manager, driver, LOAN);
    for (let i = 0; i < 20; i++) expect(await client.set(`key${i}`, 'value')).toBe('OK');
  }
  expect(manager.loans).toMatchObject([{ driver: 'node-redis' }, { driver: 'ioredis' }]);
  await manager.close();
  for (const node of cluster.nodes) await eventually(async () => expect(await names(node)).toEqual([]));
});
