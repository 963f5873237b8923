import { startRedis, startStudio, type TestStudio } from '@taproot/testkit';
import { beforeAll, expect, test } from 'vitest';
import { rawConnection } from '../support/raw.ts';

let studio: TestStudio;

beforeAll(async () => {
  const redis = await startRedis();
  studio = await startStudio({ env: { REDIS_URL: redis.url } });
});

function signIn(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${studio.url}/auth/demo`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

async function userOf(name: string): Promise<unknown> {
  return ((await (await signIn({ name })).json()) as { user: { id: string } }).user.id;
}

test.each([
  ...['Forwarded', 'Forwarded-For', 'Via', 'CDN-Loop', 'CF-Connecting-IP', 'CF-Ray'],
  ...['X-Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Port'],
  ...['X-Forwarded-Server', 'X-Forwarded-Ssl', 'X-Forwarded-Prefix', 'X-Scheme'],
  ...['X-Real-IP', 'X-Original-Host', 'X-Original-URL', 'X-Client-IP', 'X-Cluster-Client-IP'],
  ...['X-Envoy-External-Address', 'Client-IP', 'True-Client-IP', 'Fly-Client-IP', 'Fastly-Client-IP'],
])('a request with the header %s is nobody’s of this machine', async (name) => {
  expect((await signIn({}, { [name]: '203.0.113.9' })).status).toBe(403);
  const readiness = await fetch(`${studio.url}/readyz`, { headers: { [name]: '203.0.113.9' } });
  expect(await readiness.json()).toEqual({ state: 'ready' });
});

test('a request over HTTP/1.0, as proxies speak it, may not sign in', async () => {
  const { socket, answer, closed } = await rawConnection(studio);
  const lines = [`Host: 127.0.0.1:${studio.port}`, 'Content-Type: application/json', 'Content-Length: 2'];
  socket.write(`POST /auth/demo HTTP/1.0\r\n${lines.join('\r\n')}\r\n\r\n{}`);
  await closed;
  expect(answer()).toMatch(/^HTTP\/1\.1 403 /);
});

test('what browsers send by themselves does not count as a proxy’s mark', async () => {
  const headers = {
    'Accept-Language': 'en',
    'Sec-Fetch-Site': 'same-origin',
    DNT: '1',
    'X-Requested-With': 'x',
  };
  expect((await signIn({}, headers)).status).toBe(200);
});

test.each([
  [['Demo', 'demo', 'DEMO', ' Demo! '], 'demo'],
  [['Ada B', 'ada-b', 'ＡＤＡ  B'], 'demo:ada-b'],
  [['Ümit'], 'demo:ümit'],
  [['हिन्दी'], 'demo:हिन्दी'],
])('%j are one user', async (names, id) => {
  expect(new Set(await Promise.all(names.map(userOf)))).toEqual(new Set([id]));
});

test.each(['!!!', '🙂', '', ' '])('the name %j, of which nothing is left, is refused', async (name) => {
  expect((await signIn({ name })).status).toBe(400);
});
