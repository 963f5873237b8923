import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { taprootRedis } from './support.ts';

const SOURCE = new URL('../../src/index.ts', import.meta.url).href;

function moduleOf(body: string): string {
  const file = join(temporaryFolder(), 'keyspaces.ts');
  writeFileSync(file, `import { defineKeyspace, KeyspaceRegistry } from '${SOURCE}';\n${body}`);
  return file;
}

const GOOD = `defineKeyspace({ template: 'shop:cart:<id>', owner: 'carts', type: 'hash', ttlMs: 1000, evictable: true });`;
const BAD = `defineKeyspace({ template: 'shop:\u001b[31m', owner: 'x', type: 'hash', ttlMs: 1, evictable: true });`;

test('a module in order ends with status 0', async () => {
  const { status, stdout, stderr } = await taprootRedis(['lint', moduleOf(GOOD)]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^\d+ keyspaces checked, nothing found\n$/);
});

test('problems are lines that name keyspace, owner and rule, and the status is 1', async () => {
  const file = moduleOf(`${GOOD}
    defineKeyspace({ template: 'shop:cart:open', owner: 'carts', type: 'set', evictable: true } as never);`);
  const { status, stdout } = await taprootRedis(['lint', file]);
  expect(status).toBe(1);
  expect(stdout).toContain(
    'shop:cart:open (carts): Its keys have no time to live, and nothing says why. [no-ttl]\n',
  );
  expect(stdout).toContain(
    'shop:cart:<id> (carts): A key can be its and also one of shop:cart:open. [overlap]\n',
  );
  expect(stdout).toMatch(/2 problems found\n$/);
  const json = await taprootRedis(['lint', file, '--json']);
  expect(json.status).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    version: 1,
    problems: [{ rule: 'overlap' }, { rule: 'no-ttl', keyspace: 'shop:cart:open', owner: 'carts' }],
  });
});

test('a registry of the module’s own is checked where it is exported', async () => {
  const file = moduleOf(
    `export default new KeyspaceRegistry([{ template: 'a:<b>', owner: '', type: 'set', ttlMs: 1, evictable: true }]);`,
  );
  expect(await taprootRedis(['lint', file])).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/a:<b> \(no owner\).*\[no-owner\]\n1 keyspaces/),
  });
});

test('two owners of one prefix are told in one sentence, with status 2', async () => {
  const file = moduleOf(`${GOOD} ${GOOD.replace("'carts'", "'payments'")}`);
  const { status, stdout, stderr } = await taprootRedis(['lint', file]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(
    /^taproot-redis: .*shop:cart:<id> of payments cannot be declared: shop:cart:<id> belongs to carts\n$/,
  );
});

test.each([
  ['that declares nothing', 'export {};', /declares no keyspace/],
  ['that does not parse', '}{', /could not be loaded/],
  ['that throws', "throw new Error('not\\u001b[31m today');", /not ?.\[31m today/],
  ['with a template that cannot be', BAD, /Template/],
])(
  'a module %s is one sentence, with status 2 and nothing that a terminal obeys',
  async (_, body, message) => {
    const { status, stdout, stderr } = await taprootRedis(['lint', moduleOf(body)]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd()).not.toMatch(/\p{Cc}/u);
  },
);

test('a module that is not there, and one that keeps the process alive', async () => {
  expect(await taprootRedis(['lint', '/nowhere/keyspaces.ts'])).toMatchObject({ status: 2 });
  expect(await taprootRedis(['lint', moduleOf(`${GOOD} setInterval(() => {}, 1000);`)])).toMatchObject({
    status: 0,
  });
});
