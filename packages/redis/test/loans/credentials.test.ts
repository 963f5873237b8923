import { inspect } from 'node:util';
import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import { describe, expect, test } from 'vitest';
import type { Credentials } from '../../src/index.ts';
import { DRIVERS, lend, loansOn } from './support.ts';

const SECRET = 'p4ss-of-one';

async function user(redis: TestRedis, name: string, password: string): Promise<Credentials> {
  await redis.cli('ACL', 'SETUSER', name, 'on', `>${password}`, '~*', '&*', '+@all');
  return { username: name, password };
}

/** Id and user of each of the loans' connections. */
async function whoIsThere(redis: TestRedis): Promise<string[]> {
  const lines = (await redis.cli('CLIENT', 'LIST')).split('\n');
  return lines
    .filter((line) => line.includes('name=taproot:loan:'))
    .map((line) => `${/\bid=(\d+)/.exec(line)?.[1]} ${/ user=(\S+)/.exec(line)?.[1]}`);
}

describe.each(DRIVERS)('%s', (driver) => {
  test('new credentials reach live loans without ending a connection, and the next connections', async () => {
    const redis = await startRedis();
    let now = await user(redis, 'one', SECRET);
    const loans = loansOn(redis.url, { credentials: async () => now });
    const client = await lend(loans, driver);
    const copy = client.duplicate();
    await copy.subscribe('channel', () => undefined);
    await client.call('PING');
    await eventually(async () => expect(await whoIsThere(redis)).toHaveLength(2));
    const before = await whoIsThere(redis);
    expect(before.join()).toMatch(/^\d+ one,\d+ one$/);
    now = await user(redis, 'two', 'another');
    await loans.authenticate(now);
    const after = await whoIsThere(redis);
    expect(after).toEqual(before.map((line) => line.replace('one', 'two')));
    await redis.cli('ACL', 'DELUSER', 'one');
    await redis.cli('CLIENT', 'KILL', 'USER', 'two');
    expect(await client.call('SET', 'key', 'value')).toBe('OK');
    await eventually(async () => expect((await whoIsThere(redis)).join()).toMatch(/^\d+ two,\d+ two$/));
  });

  test('a refused password is in no error and no option of the client', async () => {
    const redis = await startRedis();
    let password = SECRET;
    await redis.cli('ACL', 'SETUSER', 'one', 'on', '>right', '~*', '&*', '+@all');
    const client = await lend(
      loansOn(redis.url, { credentials: async () => ({ username: 'one', password }) }),
      driver,
      { commandOptions: { timeout: 20_000 } },
    );
    const seen: unknown[] = [client.client.options];
    (client.client as NodeJS.EventEmitter).on('error', (error: unknown) => seen.push(error));
    const waiting = client.call('PING').catch((error: unknown) => seen.push(error));
    await eventually(() => expect(client.errors.join()).toContain('WRONGPASS'));
    password = 'right';
    await waiting;
    await eventually(async () => expect(await client.call('PING')).toBe('PONG'));
    expect(inspect(seen, { depth: 12 })).not.toContain(SECRET);
  });

  test('a failed command’s error has none of its arguments', async () => {
    const client = await lend(loansOn((await startRedis()).url), driver);
    for (const command of [
      ['AUTH', 'one', SECRET],
      ['NOSUCH', SECRET],
      ['INCR', SECRET, 'extra'],
    ]) {
      const error = await client.call(...command).catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(Error);
      expect(inspect(error, { depth: 12 })).not.toContain(SECRET);
    }
  });
});
