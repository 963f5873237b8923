import { dirname } from 'node:path';
import { temporaryFolder } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { findProgram, serverProgram } from '../../src/embedded/program.ts';
import { embedded, environment, program } from './setup.ts';

const REDIS_7 = 'Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d7c971a948f0';
const REDIS_6_0 = 'Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64 build=6d95e1af3a2c082a';
const VALKEY = 'Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=4cdb8ca2b8e5bfd4';

const redis = (version = REDIS_7): string => program('redis-server', version, 'exit 1');
const valkey = (version = VALKEY): string => program('valkey-server', version, 'exit 1');
const path = (...programs: string[]): string => programs.map((file) => dirname(file)).join(':');

test('the option goes before REDIS_SERVER_BIN, that before redis-server on PATH, that before valkey-server', async () => {
  const [a, b, c, d] = [redis(), redis(), redis(), valkey()];
  environment({ REDIS_SERVER_BIN: b, PATH: path(d, c) });
  expect(await serverProgram(a)).toBe(a);
  expect(await serverProgram(undefined)).toBe(b);
  environment({ REDIS_SERVER_BIN: '' });
  expect(await serverProgram(undefined)).toBe(c);
  environment({ PATH: path(d) });
  expect(await serverProgram(undefined)).toBe(d);
});

test('a program may be named without its path', async () => {
  const file = valkey();
  environment({ PATH: path(redis(), file) });
  expect(await serverProgram('valkey-server')).toBe(file);
});

test('Redis before 6.2 is refused, and a Valkey beside it is taken instead', async () => {
  const [old, newer] = [redis(REDIS_6_0), valkey()];
  environment({ REDIS_SERVER_BIN: '', PATH: path(old) });
  await expect(serverProgram(undefined)).rejects.toMatchObject({
    code: 'version-unsupported',
    message: expect.stringMatching(/version 6\.0; Taproot needs 6\.2/),
  });
  environment({ PATH: path(old, newer) });
  expect(await serverProgram(undefined)).toBe(newer);
});

test.each([
  ['Redis server v=6.2.0 sha=0', true],
  ['Redis server v=8.2.1 sha=0', true],
  ['Valkey server v=7.2.5 sha=0', true],
  ['Redis server v=5.0.14 sha=0', false],
  ['MariaDB 10.11', false],
  ['', false],
])('a program that says %j is fit: %j', async (version, fit) => {
  const found = serverProgram(redis(version));
  if (fit) await found;
  else await expect(found).rejects.toThrow(/redis-server/);
});

test('without a server program the error says how to install one', async () => {
  const folder = temporaryFolder();
  environment({ REDIS_SERVER_BIN: '', PATH: temporaryFolder() });
  await expect(embedded(folder).ensure()).rejects.toMatchObject({
    code: 'embedded-failed',
    retryable: false,
    message: expect.stringMatching(/no redis-server or valkey-server .* apt-get install .* brew install/),
  });
});

test.each(['/no/such/server', 'no-such-server'])(
  'a named program that is not there is told: %s',
  async (name) => {
    await expect(serverProgram(name)).rejects.toMatchObject({
      code: 'embedded-failed',
      message: `${name} cannot be run`,
    });
  },
);

test('a server that calls itself Valkey is started and used', async () => {
  const real = process.env.REDIS_SERVER_BIN || (await findProgram('redis-server'));
  const file = program('valkey-server', VALKEY, `exec ${real} "$@"`);
  expect(await embedded(temporaryFolder(), { serverBin: file }).ensure()).toBe('started');
});
