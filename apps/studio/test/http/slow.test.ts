import { eventually, startRedis, startStudio, type TestStudio } from '@taproot/testkit';
import { beforeAll, expect, test } from 'vitest';
import { head, rawConnection } from '../support/raw.ts';
import { signIn } from '../support/visitor.ts';

let studio: TestStudio;

beforeAll(async () => {
  const redis = await startRedis();
  studio = await startStudio({ env: { REDIS_URL: redis.url } });
});

const BODY = ['Content-Type: application/json', 'Content-Length: 200000'];

test.each(['/threads', '/auth/ticket', '/auth/logout'])(
  'POST %s without a sign-in is refused before its body came',
  async (path) => {
    const { socket, answer } = await rawConnection(studio);
    socket.write(`${head(`POST ${path}`, studio, ...BODY)}{"a":"`);
    await eventually(() => expect(answer()).toContain('HTTP/1.1 401 '));
  },
);

test('a demo sign-in through a proxy is refused before its body came', async () => {
  const { socket, answer } = await rawConnection(studio);
  socket.write(`${head('POST /auth/demo', studio, ...BODY, 'Via: 1.1 proxy')}{"a":"`);
  await eventually(() => expect(answer()).toContain('HTTP/1.1 403 '));
});

test('a request that comes byte by byte does not hold its connection, whoever sends it', async () => {
  const token = await signIn(studio);
  const requests = [
    'GET /livez HTTP/1.1\r\nX: ',
    `${head('POST /threads', studio, ...BODY, `Authorization: Bearer ${token}`)}{"title":"`,
  ];
  const held = requests.map(async (request) => {
    const { socket, closed, answer } = await rawConnection(studio);
    socket.write(request);
    const drip = setInterval(() => socket.write('x'), 500);
    await closed.finally(() => clearInterval(drip));
    expect(answer()).toMatch(/^HTTP\/1\.1 408 .*\{.*"status":408.*\}$/s);
  });
  await Promise.all(held);
}, 200_000);
