import { eventually, startRedis } from '@taproot/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDocsIndex, createGuide } from '../../src/guide/index.ts';
import { keyspaces } from '../../src/guide/topics/keyspaces.ts';
import { type Rig, startRig } from './support/redis.ts';
import { ask } from './support/run.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig(
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
    '--maxmemory',
    '64mb',
    '--slowlog-log-slower-than',
    '5000',
  );
});
afterAll(() => rig.close());
beforeEach(() => rig.oracle.sendCommand(['FLUSHALL']));

/** Asks, expects the one tool, and gives its result with the text. */
async function use<R>(question: string, tool: string): Promise<{ result: R; text: string }> {
  const guide = createGuide({ manager: rig.manager, docs: createDocsIndex([]), paceMs: 0 });
  const { steps, text } = await ask(guide, question);
  expect(steps.map((step) => step.tool)).toEqual([tool]);
  expect(steps[0]?.error).toBeUndefined();
  return { result: steps[0]?.output as R, text };
}

async function info(section: string, field: string): Promise<string> {
  const reply = String(await rig.oracle.sendCommand(['INFO', section]));
  return new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(reply)?.[1] ?? '';
}

test('an empty Redis is said to be empty', () => {
  const empty = { keys: 0, sampled: 0, complete: true, usedMemoryBytes: 1024, keyspaces: [], more: 0 };
  expect(keyspaces.render(empty)).toBe('Redis holds **no keys**. The server itself uses 1 KiB of memory.');
});

test('keyspaces are told with their exact number of keys, type, memory and share that expires', async () => {
  const { oracle } = rig;
  for (let n = 0; n < 30; n++)
    await oracle.xAdd(`taproot:{thread:tAbC${n}xyz123}:log`, '*', { body: 'x'.repeat(100) });
  for (let n = 0; n < 20; n++) await oracle.set(`session:${n}f00ba4`, 'v', { EX: 1000 });
  for (let n = 0; n < 20; n++) await oracle.set(`session:${n}f00ba5`, 'v');
  const { result, text } = await use<{ keyspaces: { template: string; bytes: number }[] }>(
    'what is in redis',
    'read_keyspaces',
  );
  const space = (template: string) => result.keyspaces.find((keyspace) => keyspace.template === template);
  const memory = await Promise.all(
    (await oracle.keys('session:*')).map(async (key) =>
      Number(await oracle.sendCommand(['MEMORY', 'USAGE', key])),
    ),
  );
  expect(space('taproot:{thread:*}:log')).toMatchObject({ keys: 30, types: ['stream'], expiring: 0 });
  expect(space('session:*')).toMatchObject({
    keys: 40,
    expiring: 0.5,
    bytes: memory.reduce((a, b) => a + b),
  });
  expect(text).toContain('| `session:*` | string | 40 |');
});

test('connections are told by owner, as CLIENT LIST has them', async () => {
  const { result, text } = await use<{ connections: number; groups: { owner: string; role?: string }[] }>(
    'who is connected to redis?',
    'list_connections',
  );
  const lines = String(await rig.oracle.sendCommand(['CLIENT', 'LIST']))
    .trim()
    .split('\n');
  expect(result.connections).toBe(lines.length);
  const roles = result.groups.filter(({ owner }) => owner === 'manager').map(({ role }) => role);
  expect(roles.sort()).toEqual(['command', 'subscriber']);
  expect(text).toContain(`**${lines.length} connections**`);
  expect(text).toContain('has no name');
  expect(text).not.toContain('127.0.0.1');
});

test('the slow log is told without any argument', async () => {
  await rig.oracle.sendCommand(['SLOWLOG', 'RESET']);
  await rig.oracle.sendCommand([
    'EVAL',
    "local x = ARGV[1] for i = 1, 2000000 do x = i end return 'done'",
    '1',
    'key-s3cret',
    'arg-s3cret',
  ]);
  const { result, text } = await use<{ newest: { command: string; ms: number }[] }>(
    'slow log',
    'read_slow_log',
  );
  expect(result).toMatchObject({ entries: 1, thresholdMs: 5, newest: [{ command: 'EVAL' }] });
  expect(result.newest[0]?.ms).toBeGreaterThan(5);
  expect(text).toContain('`EVAL`');
  expect(JSON.stringify(result) + text).not.toMatch(/s3cret|local x|done/);
});

test('an empty slow log and one that is off are told apart', async () => {
  await rig.oracle.sendCommand(['SLOWLOG', 'RESET']);
  expect((await use('slow log', 'read_slow_log')).text).toContain('**empty**');
  await rig.oracle.sendCommand(['CONFIG', 'SET', 'slowlog-log-slower-than', '-1']);
  expect((await use('slow log', 'read_slow_log')).text).toContain('**switched off**');
  await rig.oracle.sendCommand(['CONFIG', 'SET', 'slowlog-log-slower-than', '5000']);
});

test('health is what the manager says', async () => {
  // Slow commands of the tests before may have made a probe late.
  await rig.manager.ready({ timeoutMs: 10_000 });
  const { result, text } = await use('is redis healthy?', 'check_health');
  expect(result).toMatchObject({ state: 'ready', checks: { write: { ok: true }, pubsub: { ok: true } } });
  expect(text).toContain('Redis is **ready**');
});

test('latency is measured: percentiles are in order and near what the oracle sees', async () => {
  const { result, text } = await use<Record<string, number>>('how is the latency?', 'measure_latency');
  const { minMs = 0, p50Ms = 0, p99Ms = 0, maxMs = 0, pings = 0 } = result;
  expect(pings).toBeGreaterThan(10);
  expect(minMs).toBeGreaterThan(0);
  expect([minMs, p50Ms, p99Ms, maxMs]).toEqual([minMs, p50Ms, p99Ms, maxMs].toSorted((a, b) => a - b));
  expect(text).toContain('median');
});

test('a Redis that answers late is told to be slow', async () => {
  const guide = createGuide({
    manager: {
      health: () => rig.manager.health(),
      call: async (args, options) => {
        if (args[0] === 'PING') await rig.oracle.sendCommand(['DEBUG', 'SLEEP', '0.02']);
        return rig.manager.call(args, options);
      },
    },
    docs: createDocsIndex([]),
    paceMs: 0,
  });
  expect((await ask(guide, 'latency')).text).toContain('That is slow for a PING');
});

test('memory is what INFO says, with its limit and policy', async () => {
  const { result, text } = await use('how much memory is used?', 'read_memory');
  expect(result).toMatchObject({ maxBytes: 64 * 2 ** 20, policy: 'noeviction' });
  const used = Number(await info('memory', 'used_memory'));
  expect(Math.abs((result as { usedBytes: number }).usedBytes - used)).toBeLessThan(2 ** 20);
  expect(text).toContain('of at most **64 MiB**');
});

test('memory close to its limit is warned of', async () => {
  await rig.oracle.sendCommand([
    'CONFIG',
    'SET',
    'maxmemory',
    String(Math.round(Number(await info('memory', 'used_memory')) * 1.1)),
  ]);
  expect((await use('memory', 'read_memory')).text).toContain('close to the limit');
  await rig.oracle.sendCommand(['CONFIG', 'SET', 'maxmemory', '0']);
  expect((await use('memory', 'read_memory')).text).toContain('**no limit**');
  await rig.oracle.sendCommand(['CONFIG', 'SET', 'maxmemory', String(64 * 2 ** 20)]);
});

describe('persistence is told with what a crash could lose', () => {
  test.each([
    ['always', 'so a crash loses none'],
    ['everysec', 'can lose the last second'],
    ['no', 'half a minute'],
  ])('appendfsync %s', async (fsync, verdict) => {
    await rig.oracle.sendCommand(['CONFIG', 'SET', 'appendfsync', fsync]);
    const { result, text } = await use('is the aof on?', 'read_persistence');
    expect(result).toMatchObject({ aof: true, fsync, snapshots: false, aofWriteStatus: 'ok' });
    expect(text).toContain(verdict);
  });

  test('nothing on disk', async () => {
    await rig.oracle.sendCommand(['CONFIG', 'SET', 'appendonly', 'no']);
    expect((await use('persistence', 'read_persistence')).text).toContain('**Nothing is kept on disk**');
    await rig.oracle.sendCommand(['CONFIG', 'SET', 'save', '3600 1']);
    expect((await use('persistence', 'read_persistence')).text).toContain(
      'everything since the last snapshot',
    );
    await rig.oracle.sendCommand(['CONFIG', 'SET', 'save', '']);
    await rig.oracle.sendCommand(['CONFIG', 'SET', 'appendonly', 'yes']);
  });
});

test('server tells version, mode and uptime', async () => {
  const { result, text } = await use<{ version: string; uptimeSeconds: number }>(
    'redis version',
    'read_server',
  );
  const product = (await info('server', 'server_name')) === 'valkey' ? 'valkey_version' : 'redis_version';
  expect(result.version).toBe(await info('server', product));
  expect(result).toMatchObject({ mode: 'standalone', role: 'primary', replicas: [] });
  expect(Math.abs(result.uptimeSeconds - Number(await info('server', 'uptime_in_seconds')))).toBeLessThan(5);
  expect(text).toContain(result.version);
});

test('server tells its replicas and how far they are behind', async () => {
  await startRedis({ args: ['--replicaof', '127.0.0.1', String(rig.redis.port)] });
  await eventually(async () => {
    const { result, text } = await use('are there replicas?', 'read_server');
    expect(result).toMatchObject({ role: 'primary', replicas: [{ state: 'online' }] });
    expect(text).toContain('- Replicas: 1 (`online`');
  });
});

test('throughput tells hits and misses', async () => {
  await rig.oracle.sendCommand(['CONFIG', 'RESETSTAT']);
  await rig.oracle.set('a', '1');
  for (let n = 0; n < 300; n++) await rig.oracle.get(n % 3 === 0 ? 'a' : 'b');
  const { result, text } = await use<{ hits: number; misses: number }>('hit rate', 'read_throughput');
  expect(result.hits).toBeGreaterThanOrEqual(100);
  expect(result.misses).toBeGreaterThanOrEqual(200);
  expect(text).toMatch(/\*\*3\d %\*\* of all lookups/);
});

test('commands are told by the time they took', async () => {
  await rig.oracle.sendCommand(['CONFIG', 'RESETSTAT']);
  await rig.oracle.sendCommand(['DEBUG', 'SLEEP', '0.05']);
  const { result } = await use('top commands', 'read_command_stats');
  expect(result).toMatchObject({ top: [{ command: 'DEBUG', calls: 1, failed: 0 }, {}] });
});

test('errors are counted by kind', async () => {
  await rig.oracle.sendCommand(['CONFIG', 'RESETSTAT']);
  await rig.oracle.set('text', 'x');
  for (let n = 0; n < 3; n++) await rig.oracle.sendCommand(['LPUSH', 'text', 'x']).catch(() => undefined);
  const { result, text } = await use('any errors?', 'read_errors');
  expect(result).toMatchObject({ kinds: expect.arrayContaining([{ kind: 'WRONGTYPE', count: 3 }]) });
  expect(text).toContain('| `WRONGTYPE` | 3 |');
});

test('the biggest keys are found, largest first', async () => {
  await rig.oracle.set('cache:report', 'x'.repeat(500_000));
  await rig.oracle.set('cache:page', 'x'.repeat(50_000));
  await rig.oracle.hSet('user:alice:profile', { a: 'b' });
  const { result, text } = await use<{ biggest: { key: string; bytes: number }[] }>(
    'biggest keys',
    'find_biggest_keys',
  );
  const truth = Number(await rig.oracle.sendCommand(['MEMORY', 'USAGE', 'cache:report']));
  expect(result.biggest[0]).toMatchObject({ key: 'cache:*', bytes: truth });
  expect(result.biggest.map((key) => key.key)).toContain('user:*:profile');
  expect(text).toContain(`with **${Math.round(truth / 1024)} KiB**`);
});

test('keys without a TTL are counted exactly, over all databases', async () => {
  for (let n = 0; n < 10; n++) await rig.oracle.set(`session:${n}abc123`, 'v', { EX: 1000 });
  for (let n = 0; n < 7; n++) await rig.oracle.set(`lasting:${n}abc123`, 'v');
  const { result, text } = await use('which keys have no ttl', 'find_keys_without_expiry');
  const [, keys, expires] = /keys=(\d+),expires=(\d+)/.exec(await info('keyspace', 'db0')) ?? [];
  expect(result).toMatchObject({ withoutExpiry: Number(keys) - Number(expires) });
  expect(result).toMatchObject({
    keyspaces: expect.arrayContaining([
      expect.objectContaining({ template: 'lasting:*', withoutExpiry: 7, keys: 7 }),
    ]),
  });
  expect(text).not.toContain('session:*');
});

test('the overview agrees with the single tools', async () => {
  for (let n = 0; n < 5; n++) await rig.oracle.set(`x:${n}`, 'v');
  const { result } = await use<{ keys: number; connections: number }>('how is redis doing?', 'read_overview');
  expect(Math.abs(result.keys - Number(await rig.oracle.sendCommand(['DBSIZE'])))).toBeLessThanOrEqual(1);
  expect(result).toMatchObject({ state: 'ready', connections: 3, maxBytes: 64 * 2 ** 20, aof: true });
});

test('own threads are listed with masked ids', async () => {
  const guide = createGuide({
    manager: rig.manager,
    docs: createDocsIndex([]),
    paceMs: 0,
    listThreads: async ({ id }) => [
      {
        id: 'tq0SecretSecret123',
        title: `Of ${id} | **bold**\n<b>`,
        status: 'running',
        createdAt: 0,
        updatedAt: Date.now() - 5000,
      },
      { id: 'short', title: '', status: 'idle', createdAt: 0, updatedAt: '2020-01-01T00:00:00Z' },
    ],
  });
  const { text, steps } = await ask(guide, 'which threads do I have?');
  expect(steps[0]?.output).toMatchObject({ threads: 2, active: 1 });
  expect(text).toContain('| `tq0S…` | `Of u-operator \\| **bold** <b>` | `running` |');
  expect(text).not.toContain('SecretSecret');
  expect(text).not.toContain('short');
});
