import { eventually, startRedis, startStudio, type TestStudio } from '@taproot/testkit';
import { beforeAll, expect, test } from 'vitest';
import { head, rawConnection } from '../support/raw.ts';

let studio: TestStudio;

beforeAll(async () => {
  const redis = await startRedis();
  studio = await startStudio({ env: { REDIS_URL: redis.url } });
});

const SOCKET = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Protocol: taproot.v1'];

test.each([
  ['an address that is none', () => head('GET http://[bad/threads', studio), 404],
  ['a header of 20 KB', () => head('GET /livez', studio, `X: ${'a'.repeat(20_000)}`), 431],
  ['something that is not HTTP', () => 'FOO\r\n\r\n', 400],
  ['no Host', () => 'GET /livez HTTP/1.1\r\n\r\n', 403],
  ['a handshake without a key', () => head('GET /ws', studio, ...SOCKET, 'Sec-WebSocket-Version: 13'), 400],
])('%s is refused with a problem', async (_name, request, status) => {
  const { socket, answer } = await rawConnection(studio);
  socket.write(request());
  const [first = '', body = ''] = await eventually(() => {
    const parts = answer().split('\r\n\r\n');
    expect(parts[1]).toMatch(/\}$/);
    return parts;
  });
  expect(first).toContain(`HTTP/1.1 ${status} `);
  expect(first).toMatch(/^content-type: application\/problem\+json/im);
  expect(JSON.parse(body)).toMatchObject({ type: 'about:blank', status });
});
