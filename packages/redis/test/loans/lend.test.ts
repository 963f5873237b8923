import { eventually } from '@taproot/testkit';
import { describe, expect, test } from 'vitest';
import { DRIVERS, lend, lending, MANAGERS_TWO, names, onlyTheManagerIsLeft } from './support.ts';

describe.each(DRIVERS)('%s', (driver) => {
  test('a loan is a client with a connection of its own, under the name of its owner', async () => {
    const lent = await lending();
    const client = await lend(lent.loans, driver, { owner: 'mailer', purpose: 'queue of mails' });
    expect(await client.call('SET', 'key', 'value')).toBe('OK');
    expect(await lent.redis.cli('GET', 'key')).toBe('value');
    await eventually(async () =>
      expect(await names(lent.redis)).toEqual([MANAGERS_TWO[0], 'taproot:loan:mailer', MANAGERS_TWO[1]]),
    );
    expect(lent.loans.list()).toEqual([
      {
        driver,
        owner: 'mailer',
        purpose: 'queue of mails',
        since: expect.any(Date),
        open: true,
        duplicates: 0,
      },
    ]);
  });

  test('a duplicate is counted under the same owner', async () => {
    const lent = await lending();
    const client = await lend(lent.loans, driver, { owner: 'mailer' });
    const one = client.duplicate();
    const two = one.duplicate();
    await eventually(() => expect([client, one, two].every((each) => each.ready())).toBe(true));
    expect(lent.loans.list()).toMatchObject([{ owner: 'mailer', open: true, duplicates: 2 }]);
    expect(lent.loans.size).toBe(3);
    await eventually(async () =>
      expect((await names(lent.redis)).filter((name) => name === 'taproot:loan:mailer')).toHaveLength(3),
    );
    await client.client.quit();
    await eventually(() =>
      expect(lent.loans.list()).toMatchObject([{ owner: 'mailer', open: false, duplicates: 2 }]),
    );
    await one.client.quit();
    two.client.disconnect();
    await onlyTheManagerIsLeft(lent);
  });

  test('what passes the budget is an error that names who has the loans, and a returned one makes room', async () => {
    const lent = await lending({ maxLoans: 2 });
    const first = await lend(lent.loans, driver, { owner: 'mailer', purpose: 'queue of mails' });
    const second = first.duplicate();
    const refused = {
      code: 'loan-budget',
      applied: 'no',
      message: expect.stringContaining('mailer 2 (queue of mails)'),
    };
    await expect(lend(lent.loans, driver, { owner: 'late' })).rejects.toMatchObject(refused);
    expect(() => first.duplicate()).toThrow(expect.objectContaining(refused));
    await second.client.quit();
    await eventually(() => expect(lent.loans.size).toBe(1));
    const third = await lend(lent.loans, driver, { owner: 'late' });
    expect(await third.call('PING')).toBe('PONG');
    await eventually(async () => expect(await names(lent.redis)).toHaveLength(4));
  });

  test('a returned loan that is connected again is counted again, and only if there is room', async () => {
    const lent = await lending({ maxLoans: 1 });
    const first = await lend(lent.loans, driver, { owner: 'first' });
    await eventually(() => expect(first.ready()).toBe(true));
    await first.client.quit();
    await onlyTheManagerIsLeft(lent);
    const second = await lend(lent.loans, driver, { owner: 'second' });
    await expect(first.client.connect()).rejects.toMatchObject({ code: 'loan-budget' });
    await second.client.quit();
    await eventually(() => expect(lent.loans.size).toBe(0));
    await first.client.connect();
    expect(await first.call('PING')).toBe('PONG');
    await eventually(async () =>
      expect(await names(lent.redis)).toEqual([MANAGERS_TWO[0], 'taproot:loan:first', MANAGERS_TWO[1]]),
    );
    first.client.disconnect();
    await onlyTheManagerIsLeft(lent);
  });

  test('many loans lent and returned at once leave nothing', async () => {
    const lent = await lending({ maxLoans: 40 });
    const clients = await Promise.all(Array.from({ length: 20 }, () => lend(lent.loans, driver)));
    const all = clients.flatMap((client) => [client, client.duplicate()]);
    await Promise.all(all.map((client) => client.call('PING')));
    expect(lent.loans.size).toBe(40);
    for (const [index, { client }] of all.entries()) {
      if (index % 3 === 0) client.disconnect();
      else await client.quit();
    }
    await onlyTheManagerIsLeft(lent);
  });

  test('options that are the manager’s are refused, in a duplicate as well', async () => {
    const { loans } = await lending();
    const client = await lend(loans, driver);
    const theirs =
      driver === 'ioredis'
        ? [{ keyPrefix: 'p:' }, { host: 'elsewhere' }, { db: 3 }, { password: 'x' }, { retryStrategy: null }]
        : [
            { keyPrefix: 'p:' },
            { socket: { port: 1 } },
            { url: 'redis://x' },
            { database: 3 },
            { pingInterval: 1 },
          ];
    for (const option of theirs) {
      const refused = {
        code: 'invalid-options',
        message: expect.stringContaining(Object.keys(option)[0] ?? ''),
      };
      await expect(lend(loans, driver, option)).rejects.toMatchObject(refused);
      expect(() => client.duplicate(option)).toThrow(expect.objectContaining(refused));
    }
    expect(loans.size).toBe(1);
  });

  test('a library that hands the loan’s own options back gets a duplicate', async () => {
    const lent = await lending();
    const client = await lend(lent.loans, driver);
    const copy = client.duplicate({ ...client.client.options });
    expect(await copy.call('PING')).toBe('PONG');
    await eventually(async () => expect(await names(lent.redis)).toHaveLength(4));
  });

  test('what a library does to the options of its client reaches nobody else', async () => {
    const lent = await lending();
    const given = { owner: 'test', purpose: 'a test' };
    const client = await lend(lent.loans, driver, given);
    const options = client.client.options as Record<string, unknown>;
    Object.assign(options, {
      host: 'elsewhere',
      port: 1,
      path: '/nowhere',
      password: 'x',
      db: 7,
      database: 7,
    });
    if (options.socket !== undefined) Object.assign(options.socket as object, { host: 'elsewhere', port: 1 });
    // All connections are made anew: from what the manager knows.
    await lent.redis.restart();
    const other = await lend(lent.loans, driver);
    await lent.manager.ready({ timeoutMs: 10_000 });
    expect(await client.call('SET', 'key', 'value')).toBe('OK');
    expect(await other.call('GET', 'key')).toBe('value');
    expect(await lent.manager.call(['GET', 'key'])).toBe('value');
    expect(await lent.redis.cli('INFO', 'keyspace')).not.toContain('db7');
    expect(given).toEqual({ owner: 'test', purpose: 'a test' });
  });

  test('a library cannot rename its connection', async () => {
    const lent = await lending();
    const client = await lend(lent.loans, driver, { owner: 'ours' });
    const copy = client.duplicate({ [driver === 'ioredis' ? 'connectionName' : 'name']: 'worker' });
    await Promise.all([client, copy].map((each) => each.call('PING')));
    for (const each of [client, copy]) expect(await each.call('CLIENT', 'SETNAME', 'renamed')).toBe('OK');
    await eventually(async () =>
      expect(await names(lent.redis)).toEqual([
        MANAGERS_TWO[0],
        ...['taproot:loan:ours', 'taproot:loan:ours', MANAGERS_TWO[1]],
      ]),
    );
  });

  test('a closed manager lends nothing and connects no loan again', async () => {
    const lent = await lending();
    const client = await lend(lent.loans, driver);
    const copy = client.duplicate();
    await eventually(() => expect(copy.ready()).toBe(true));
    await Promise.all([lent.loans.close(), lent.loans.close()]);
    await onlyTheManagerIsLeft(lent);
    await expect(lend(lent.loans, driver)).rejects.toMatchObject({ code: 'closed' });
    await expect(client.client.connect()).rejects.toMatchObject({ code: 'closed' });
    expect(() => client.duplicate()).toThrow(expect.objectContaining({ code: 'closed' }));
  });

  test('the manager’s close ends a loan whose library blocks', async () => {
    const lent = await lending();
    const client = await lend(lent.loans, driver);
    const blocked = client.call('BLPOP', 'nothing', '0').catch((error: Error) => error.message);
    await eventually(async () => expect(await lent.redis.cli('CLIENT', 'LIST')).toContain('cmd=blpop'));
    await lent.loans.close();
    expect(await blocked).toMatch(/clos|disconnects/i);
    await onlyTheManagerIsLeft(lent);
  });
});

test('an owner or a purpose that says nothing is refused', async () => {
  const { loans } = await lending();
  for (const bad of [{ owner: '' }, { owner: 'a b' }, { owner: 'a:b' }, { purpose: ' ' }, { silentMs: 5 }])
    await expect(lend(loans, 'ioredis', bad)).rejects.toMatchObject({ code: 'invalid-options' });
  await expect(loans.lend('valkey' as 'ioredis', { owner: 'test', purpose: 'a test' })).rejects.toMatchObject(
    { code: 'invalid-options' },
  );
});

test('a library that would not work with the driver is refused, and told which one it needs', async () => {
  const { loans } = await lending();
  const bull = { owner: 'mailer', purpose: 'BullMQ queue of mails' };
  await expect(loans.lend('node-redis', bull)).rejects.toMatchObject({
    code: 'invalid-options',
    message: expect.stringMatching(/BullMQ needs lend\('ioredis'.*127\.0\.0\.1:6379/),
  });
  const sessions = { owner: 'connect-redis', purpose: 'sessions' };
  await expect(loans.lend('ioredis', sessions)).rejects.toMatchObject({
    message: expect.stringContaining("connect-redis needs lend('node-redis'"),
  });
  expect(loans.size).toBe(0);
  expect((await loans.lend('ioredis', bull)).options.maxRetriesPerRequest).toBeNull();
});

test('a node-redis loan cannot be made into a pool that nobody counts', async () => {
  const { loans } = await lending();
  const client = await loans.lend('node-redis', { owner: 'test', purpose: 'a test' });
  expect(() => client.createPool()).toThrow(expect.objectContaining({ code: 'invalid-options' }));
});

test('ioredis’ monitor is a duplicate', async () => {
  const lent = await lending();
  const client = await lent.loans.lend('ioredis', { owner: 'test', purpose: 'a test' });
  const monitor = await client.monitor();
  expect(lent.loans.list()).toMatchObject([{ open: true, duplicates: 1 }]);
  monitor.disconnect();
  client.disconnect();
  await onlyTheManagerIsLeft(lent);
});

test('views of a node-redis loan with other command options are the loan', async () => {
  const lent = await lending();
  const client = await lent.loans.lend('node-redis', { owner: 'test', purpose: 'a test' });
  const view = client.withCommandOptions({ timeout: 1234 }).withAbortSignal(new AbortController().signal);
  await client.set('key', 'value');
  expect(await view.get('key')).toBe('value');
  expect(await view.multi().get('key').incr('n').exec()).toEqual(['value', 1]);
  await lent.redis.restart();
  expect(await view.incr('n')).toBe(1);
  await view.quit();
  await onlyTheManagerIsLeft(lent);
});
