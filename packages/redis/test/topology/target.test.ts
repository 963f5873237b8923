import { expect, test } from 'vitest';
import { parseTarget } from '../../src/topology/index.ts';

test.each([
  [
    'redis://localhost',
    { kind: 'node', address: { host: 'localhost', port: 6379 }, tls: false, database: 0, credentials: {} },
  ],
  [
    'redis://ada:s%40me@10.0.0.1:7000/3',
    {
      address: { host: '10.0.0.1', port: 7000 },
      database: 3,
      credentials: { username: 'ada', password: 's@me' },
    },
  ],
  ['redis://:pass:word@h', { credentials: { password: 'pass:word' } }],
  ['rediss://[::1]:6380', { address: { host: '::1', port: 6380 }, tls: true }],
  ['unix:///run/redis.sock', { kind: 'socket', path: '/run/redis.sock' }],
  [
    'redis+sentinel://a,b:26380/main/2',
    {
      kind: 'sentinel',
      sentinels: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 26_380 },
      ],
      master: 'main',
      database: 2,
    },
  ],
  [
    'redis+cluster://ada:sesame@a:7000,[::1]/',
    {
      kind: 'cluster',
      seeds: [
        { host: 'a', port: 7000 },
        { host: '::1', port: 6379 },
      ],
      tls: false,
      credentials: { username: 'ada', password: 'sesame' },
    },
  ],
  ['rediss+cluster://a', { kind: 'cluster', seeds: [{ host: 'a', port: 6379 }], tls: true }],
])('%s is understood', (url, target) => {
  expect(parseTarget(url)).toMatchObject(target);
});

test.each([
  'sesame',
  'http://sesame@host',
  'redis://sesame@a,b',
  'redis://sesame@host:99999',
  'redis://sesame@host/name',
  'redis://sesame%zz@host',
  'redis+sentinel://sesame@host',
  'redis+cluster://sesame@host/1',
  'unix://sesame@host',
])('%s is refused by a sentence that quotes nothing of it', (url) => {
  let message = '';
  try {
    parseTarget(url);
  } catch (error) {
    message = String(error);
  }
  expect(message).toMatch(/^RedisManagerError: Option url: expected/);
  expect(message).not.toContain('sesame');
});
