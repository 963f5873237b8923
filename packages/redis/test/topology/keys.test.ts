import { startRedis, type TestRedis } from '@taproot/testkit';
import { createClient } from 'redis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CommandReply, CommandTable } from '../../src/cluster/command-table.ts';
import { slotOf } from '../../src/cluster/slot.ts';

let redis: TestRedis;
let commands: readonly CommandReply[];
beforeAll(async () => {
  redis = await startRedis({ args: ['--cluster-enabled', 'yes'] });
  const client = createClient({ url: redis.url, RESP: 3 });
  await client.connect();
  commands = (await client.sendCommand(['COMMAND'])) as unknown as CommandReply[];
  client.destroy();
});
afterAll(() => redis.stop());

/** As Redis 6.2 replies: no categories, tips, specifications and subcommands. */
const asOld = (): CommandReply[] =>
  commands.map(([name, arity, flags, first, last, step, ...rest]) => {
    // It gave one range for all subcommands.
    const nested = (rest[3] as CommandReply[] | undefined)?.find((command) => command[3] > 0);
    const [, , , from, to, by] = nested ?? [name, arity, flags, first, last, step];
    return [name, arity, flags, from, to, by];
  });

test.each([
  ['plain', 'key'],
  ['a hash tag', 'user:{42}:name'],
  ['an empty hash tag', 'user:{}:{42}'],
  ['an open brace', 'user:{42'],
  ['a closing brace first', 'a}b{c}d'],
  ['two hash tags', '{a}{b}'],
  ['a brace within the tag', '{{a}}'],
  ['the empty key', ''],
  ['other letters', 'schlüssel-{日本}-🔑'],
])('the slot of a key is the one that Redis gives it: %s', async (_, key) => {
  expect(slotOf(key)).toBe(Number(await redis.cli('CLUSTER', 'KEYSLOT', key)));
  expect(slotOf(Buffer.from(key))).toBe(slotOf(key));
});

test('bytes that are no text have the slot that Redis gives them', async () => {
  const client = createClient({ url: redis.url });
  await client.connect();
  for (const bytes of [
    [0xff, 0xfe, 0x00],
    [0x7b, 0xff, 0x7d, 0x01],
    Array.from({ length: 256 }, (_, n) => n),
  ]) {
    const key = Buffer.from(bytes);
    expect(slotOf(key)).toBe(Number(await client.sendCommand(['CLUSTER', 'KEYSLOT', key])));
  }
  client.destroy();
});

/** Keys of each form begin with k; the server itself is asked for them. */
const FORMS = [
  'GET k1',
  'set k1 v EX 10',
  'MSET k1 v k2 v k3 v',
  'MGET k1 k2 k3',
  'DEL k1 k2',
  'BITOP AND k1 k2 k3',
  'LMOVE k1 k2 LEFT RIGHT',
  'EVAL lua 2 k1 k2 arg',
  'EVALSHA sha 1 k1 arg',
  'EVAL_RO lua 1 k1',
  'FCALL name 2 k1 k2 arg',
  'XREAD COUNT 10 STREAMS k1 k2 0 0',
  'XREAD streams k1 0',
  'XREADGROUP GROUP group consumer COUNT 1 STREAMS k1 k2 > >',
  'XADD k1 * f v',
  'XGROUP CREATE k1 group $',
  'XINFO STREAM k1',
  'OBJECT ENCODING k1',
  'MEMORY USAGE k1',
  'ZUNIONSTORE k1 2 k2 k3 WEIGHTS 1 2',
  'ZINTER 2 k1 k2 WITHSCORES',
  'ZDIFFSTORE k1 1 k2',
  'GEORADIUS k1 1 1 5 m STORE k2',
  'GEORADIUS k1 1 1 5 m',
  'SINTERCARD 2 k1 k2 LIMIT 1',
  'LMPOP 2 k1 k2 LEFT',
  'PFMERGE k1 k2 k3',
];

test.each(FORMS)('the keys of a command are those that Redis finds: %s', async (form) => {
  const args = form.split(' ');
  const keys = JSON.parse(await redis.cli('COMMAND', 'GETKEYS', ...args)) as string[];
  expect(keys.length).toBeGreaterThan(0);
  const table = new CommandTable(commands);
  // All in one slot: found. Any one elsewhere: refused.
  const tagged = args.map((arg) => (keys.includes(arg) ? `{t}${arg}` : arg));
  expect(table.slotOf(tagged)).toBe(slotOf('{t}'));
  if (keys.length === 1) return;
  for (const key of keys) {
    const split = tagged.map((arg) => (arg === `{t}${key}` ? `{u}${key}` : arg));
    expect(() => table.slotOf(split)).toThrow(expect.objectContaining({ code: 'crossslot', applied: 'no' }));
  }
});

const UNKNOWN_TO_6_2 = /^(EVAL_RO|FCALL|SINTERCARD|LMPOP) /;

test.each(FORMS.filter((form) => !UNKNOWN_TO_6_2.test(form)))(
  'of a server of version 6.2 the keys are known, or it is asked for them: %s',
  (form) => {
    const args = form.split(' ').map((arg) => (/^k\d$/.test(arg) ? `{t}${arg}` : arg));
    const slot = new CommandTable(asOld()).slotOf(args);
    expect(slot).toBe(form.startsWith('GEORADIUS ') ? 'ask' : slotOf('{t}'));
  },
);

test('a sharded channel has a slot, a plain one has none', () => {
  const table = new CommandTable(commands);
  expect(table.slotOf(['SPUBLISH', 'channel', 'message'])).toBe(slotOf('channel'));
  expect(table.slotOf(['PUBLISH', 'channel', 'message'])).toBeUndefined();
});

test.each(['PING', 'INFO memory', 'EVAL lua 0', 'FOO k1', 'XINFO HELP', 'CLUSTER INFO'])(
  'a command without keys goes anywhere: %s',
  (form) => {
    expect(new CommandTable(commands).slotOf(form.split(' '))).toBeUndefined();
  },
);

test('only the server knows the keys of SORT and MIGRATE', () => {
  const table = new CommandTable(commands);
  expect(table.slotOf(['SORT', 'k1', 'STORE', 'k2'])).toBe('ask');
  expect(table.slotOf(['MIGRATE', 'host', '1', '', '0', '10', 'KEYS', 'k1'])).toBe('ask');
});

test('arguments that are wrong are left to the server', () => {
  const table = new CommandTable(commands);
  expect(table.slotOf(['EVAL', 'lua', 'many', 'k1'])).toBeUndefined();
  expect(table.slotOf(['EVAL', 'lua', '5', 'k1'])).toBe(slotOf('k1'));
  expect(table.slotOf(['GET'])).toBeUndefined();
  expect(table.slotOf(['XREAD', 'COUNT', '1'])).toBeUndefined();
});
