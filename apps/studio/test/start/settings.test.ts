import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { attempt, refusal } from './support/attempt.ts';

const SECRET = 'a session secret of more than 32 bytes';

const ISSUER = { AUTH_ISSUER: 'https://id.example', AUTH_AUDIENCE: 'taproot' };

test.each([
  [{ PORT: 'abc' }, 'PORT must be a number from 0 to 65535, not "abc"'],
  [{ PORT: '65536' }, 'PORT must be a number from 0 to 65535, not "65536"'],
  [{ PORT: '0x1F90' }, 'PORT must be a number from 0 to 65535, not "0x1F90"'],
  [{ PORT: '-0' }, 'PORT must be a number from 0 to 65535, not "-0"'],
  [{ TAPROOT_DEMO: 'false' }, 'TAPROOT_DEMO must be 0 or 1, not "false"'],
  [{ TRUST_PROXY: 'yes' }, 'TRUST_PROXY must be 0, the number of proxies, or a list of their addresses'],
  [{ TRUST_PROXY: '11' }, 'TRUST_PROXY must be 0, the number of proxies, or a list of their addresses'],
  [{ TRUST_PROXY: '10.0.0.0/8, nowhere' }, 'TRUST_PROXY must be 0, the number of proxies, or a list'],
  [
    { TAPROOT_LIMITS: 'maxFrames=1' },
    'TAPROOT_LIMITS: There is no limit "maxFrames"; there are maxFrameBytes, ',
  ],
  [{ TAPROOT_LIMITS: 'toString=1' }, 'TAPROOT_LIMITS: There is no limit "toString"'],
  [
    { TAPROOT_LIMITS: 'maxSockets=0' },
    'TAPROOT_LIMITS: The limit maxSockets must be a whole number from 1 on',
  ],
  [{ TAPROOT_LIMITS: 'maxSockets=1e3' }, 'TAPROOT_LIMITS: The limit maxSockets must be a whole number'],
  [{ TAPROOT_LIMITS: 'maxSockets' }, 'TAPROOT_LIMITS: The limit maxSockets must be a whole number'],
  [{ AUTH_ISSUER: 'https://id.example' }, 'AUTH_JWKS_URL, AUTH_ISSUER, AUTH_AUDIENCE belong together'],
  [
    { ...ISSUER, AUTH_JWKS_URL: 'http://id.example/keys' },
    'AUTH_JWKS_URL: The address of the keys must be https',
  ],
  [{ ...ISSUER, AUTH_JWKS_URL: 'keys' }, 'AUTH_JWKS_URL: The address of the keys must be https'],
  [{ ALLOWED_ORIGINS: 'https://a.example/chat' }, 'ALLOWED_ORIGINS must list origins such as'],
  [{ ALLOWED_ORIGINS: 'https://ada@a.example' }, 'ALLOWED_ORIGINS must list origins such as'],
  [{ TAPROOT_DATA: '/proc/x' }, 'The data folder /proc/x cannot be used: its path cannot be made'],
  [{ TAPROOT_DATA: '/proc/x/y' }, 'The data folder /proc/x/y cannot be used: its path cannot be made'],
  [{ HOST: '0.0.0.0' }, 'SESSION_SECRET is required, because HOST=0.0.0.0 can be reached from elsewhere'],
  [{ SESSION_SECRET: 'short' }, 'SESSION_SECRET must have at least 32 bytes'],
  [{ HOST: '203.0.113.9', SESSION_SECRET: SECRET }, 'HOST=203.0.113.9 is not an address of this machine'],
  [{ TAPROOT_ROLE: 'king' }, 'TAPROOT_ROLE must be all or gateway or worker, not "king"'],
  [{ TAPROOT_AGENT: 'oracle' }, 'TAPROOT_AGENT must be'],
  [{ ALLOWED_ORIGINS: 'example.com' }, 'ALLOWED_ORIGINS must list origins such as https://chat.example.com'],
  [{ REDIS_URL: 'localhost:6379' }, 'REDIS_URL: expected redis://'],
  [{ REDIS_SERVER_BIN: '/no/such/server' }, '/no/such/server cannot be run'],
])('with %o the start is refused in one sentence', async (settings, sentence) => {
  const said = await refusal(settings);
  expect(said.slice(0, sentence.length)).toBe(sentence);
});

test.each([
  'http://ada:sesame@127.0.0.1:6379',
  'redis://ada:sesame@127.0.0.1:99999',
  'redis://ada:sesame@127.0.0.1:6379/name',
  'redis://ada:sesame%zz@127.0.0.1:6379',
])('a REDIS_URL that cannot be used is not quoted, for it may hold a password: %s', async (url) => {
  const said = await refusal({ REDIS_URL: url });
  expect(said).toMatch(/^REDIS_URL: expected redis:\/\//);
  expect(said).not.toMatch(/sesame|ada/);
});

test('an installed server older than 6.2 ends the start, by name and version', async () => {
  const program = join(temporaryFolder(), 'redis-server');
  writeFileSync(program, '#!/bin/sh\necho "Redis server v=6.0.16 sha=00000000:0"\n', { mode: 0o755 });
  expect(await refusal({ REDIS_SERVER_BIN: program })).toBe(
    `${program} is version 6.0; Taproot needs 6.2 or later`,
  );
});

test('an empty variable counts as absent', async () => {
  const empty = { REDIS_URL: '', HOST: '', SESSION_SECRET: ' ', TAPROOT_AGENT: '', ALLOWED_ORIGINS: '' };
  const { process: started, stdout, stderr } = attempt(empty);
  await expect.poll(stdout, { timeout: 20_000 }).toMatch(/^Open http:\/\/127\.0\.0\.1:\d+$/m);
  expect(stderr()).toBe('');
  expect(await started.stop()).toEqual({ code: 0, signal: null });
});
