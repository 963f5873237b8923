import { randomBytes } from 'node:crypto';
import { keyFamily, keyParts, maskNames, shortKey } from '@taproot/redis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDocsIndex, createGuide } from '../../src/guide/index.ts';
import { type Rig, startRig } from './support/redis.ts';
import { ask } from './support/run.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.close());
beforeEach(() => rig.oracle.sendCommand(['FLUSHALL']));

const QUESTIONS = ['what is in redis', 'biggest keys', 'keys without ttl'];

async function answers(): Promise<string[]> {
  const guide = createGuide({ manager: rig.manager, docs: createDocsIndex([]), paceMs: 0 });
  const all = await Promise.all(QUESTIONS.map((question) => ask(guide, question)));
  return all.map(({ text, steps }) => `${text}\n${JSON.stringify(steps)}`);
}

/** Rows of the first table: each must have as many cells as its head. */
function rows(markdown: string): string[][] {
  const lines = markdown.split('\n').filter((line) => line.startsWith('|'));
  return lines.map((line) => line.slice(1, -1).split(/(?<!\\)\|/));
}

const HOSTILE = [
  'a|b|c',
  'line\r\nbreak\n| fake | row |',
  '<img src=x onerror=alert(1)>',
  '**bold** [link](javascript:alert(1)) `code`',
  '```\nfence',
  '\u0000\u0007\u001b[31mred',
  '\u202Egnp.exe \u200B\u2028\u2029',
  '# heading',
  '{{{}}}:::///|||',
  ':',
  '{}',
  ' ',
  '`',
  '\\',
  '__proto__',
  'constructor:prototype',
];

describe('hostile names of keys', () => {
  test('do not break a table, and nothing of them is interpreted', async () => {
    for (const name of HOSTILE) await rig.oracle.set(name, 'v');
    await rig.oracle.sendCommand(['SET', '', 'empty']);
    for (const answer of await answers()) {
      const [head, ...others] = rows(answer);
      for (const row of others) expect(row).toHaveLength(head?.length ?? 0);
      expect(answer).not.toMatch(/<img|onerror|javascript:|fake|\*\*bold/);
      expect(answer.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
  });

  test('that are 10 kB long, or no text at all, are counted and cut', async () => {
    await rig.oracle.set('x'.repeat(10_240), 'v');
    await rig.oracle.set(`deep${':level'.repeat(2000)}`, 'v');
    await rig.manager.call(['SET', Buffer.concat([Buffer.from('bin:'), randomBytes(2000)]), 'v']);
    const dbsize = Number(await rig.oracle.sendCommand(['DBSIZE']));
    for (const answer of await answers()) {
      expect(answer.length).toBeLessThan(6000);
      for (const row of rows(answer)) for (const cell of row) expect(cell.length).toBeLessThan(100);
    }
    expect((await answers())[0]).toContain(`**${dbsize} keys**`);
  });

  test('that hold secrets, ids and names do not disclose them', async () => {
    const secrets = [
      'session:hunter',
      'token:correcthorse',
      'sk-live-abcdefghijklmnop',
      'api_key:ghp_AbCdEf0123456789AbCdEf0123456789',
      'user:alice:profile',
      'user:bob@example.com',
      'reset-password:letmein',
      'customers:mueller',
      'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc',
      'cache:user=carol',
      `jwt:${randomBytes(16).toString('hex')}`,
      'auth/bearer/opensesame',
      'user:session:swordfish',
      'otp:123456',
      'ip:192.168.7.9',
    ];
    for (const name of secrets) await rig.oracle.set(name, 'value-of-the-key');
    const disclosed =
      /hunter|swordfish|correcthorse|live-abc|ghp_A|AbCdEf|alice|bob@|example\.com|letmein|mueller|eyJ|carol|opensesame|123456|192\.168|value-of-the-key/;
    for (const answer of await answers()) expect(answer).not.toMatch(disclosed);
  });

  test('that are many words in one place are taken for names', async () => {
    for (const name of 'anna berta clara doris emma frieda gerda helga irma jutta karla lotte maria nora'.split(
      ' ',
    )) {
      await rig.oracle.set(`shelf:${name}:books`, 'v');
    }
    const [keyspaces] = await answers();
    expect(keyspaces).toContain('`shelf:*:*`');
    expect(keyspaces).not.toMatch(/anna|karla/);
  });
});

test('names of connections and kinds of errors from others do not break a table', async () => {
  await rig.oracle.sendCommand(['CLIENT', 'SETNAME', '`a|b`<script>:**c**:|d|']);
  await rig.oracle
    .sendCommand(['EVAL', "return redis.error_reply('A|B`<x> boom')", '0'])
    .catch(() => undefined);
  const guide = createGuide({ manager: rig.manager, docs: createDocsIndex([]), paceMs: 0 });
  for (const question of ['connections', 'errors']) {
    const [head, ...others] = rows((await ask(guide, question)).text);
    expect(others.length).toBeGreaterThan(1);
    for (const row of others) expect(row).toHaveLength(head?.length ?? 0);
  }
});

test.each([
  ['taproot:{thread:ab12cd34ef56gh}:log', 'taproot:{thread:*}:log', 'taproot:{thread:ab12…}:log'],
  ['taproot:{thread:t1}:run:rAbCdEfGh1234567', 'taproot:{thread:*}:run:*', 'taproot:{thread:*}:run:rAbC…'],
  ['taproot:{user:u-demo}:threads', 'taproot:{user:*}:threads', 'taproot:{user:*}:threads'],
  ['taproot:{pending:3}', 'taproot:{pending:*}', 'taproot:{pending:*}'],
  ['taproot:deployment', 'taproot:deployment', 'taproot:deployment'],
  ['bull:mail:wait', 'bull:mail:*', 'bull:mail:*'],
  ['secret:AbCdEfGh12345678', 'secret:*', 'secret:*'],
  ['', '', ''],
])('the key %s is shown as %s, by itself as %s', (key, template, short) => {
  const [parts = []] = maskNames([keyParts(key)]);
  expect(keyFamily(parts)).toBe(template);
  expect(shortKey(parts)).toBe(short);
});
