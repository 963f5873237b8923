import { startStudio, type TestStudio } from '@taproot/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, type Call, call, expectProblem } from './support/http.ts';

// One studio for the file: a real process, to which every test adds what it needs.
let studio: TestStudio;
let token: string;
let thread: string;
beforeAll(async () => {
  studio = await startStudio();
  token = await signIn('Ada');
  thread = String((await post('/threads', { token })).json().id);
});
afterAll(() => studio.stop());

function post(path: string, options: Call = {}): Promise<Answer> {
  return call(studio.url, path, { method: 'POST', ...options });
}

async function signIn(name: string): Promise<string> {
  return String((await post('/auth/demo', { body: JSON.stringify({ name }) })).json().token);
}

/** Every route that changes something, with a body that it takes. */
function changes(id = thread): [method: string, path: string, body: string][] {
  return [
    ['POST', '/auth/demo', '{}'],
    ['POST', '/auth/ticket', ''],
    ['POST', '/threads', '{}'],
    ['PATCH', `/threads/${id}`, '{"title":"x"}'],
    ['DELETE', `/threads/${id}`, ''],
  ];
}

test.each([
  'evil.example',
  'evil.example:7070',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'localhost.',
  'evil@localhost',
  '0.0.0.0',
  '[::1',
  '[::2]',
])('the host %j is foreign on every route', async (host) => {
  for (const path of ['/', '/livez', '/readyz', '/metrics', '/threads', '/nowhere', '/assets/x.js', '/%zz']) {
    expectProblem(await call(studio.url, path, { token, headers: { host } }), 403, 'foreign-host');
  }
  for (const [method, path, body] of changes()) {
    const headers = { host, origin: 'https://evil.example', 'content-type': 'text/plain' };
    expectProblem(await call(studio.url, path, { method, token, body, headers }), 403, 'foreign-host');
  }
});

test.each(['localhost', 'LOCALHOST:1', '127.0.0.1:65535', '[::1]', '[::1]:7070'])(
  'the host %s is known',
  async (host) => {
    expect((await call(studio.url, '/livez', { headers: { host } })).status).toBe(200);
  },
);

test.each([
  'https://evil.example',
  'null',
  'http://localhost:1',
  'http://127.0.0.1',
  'file://',
  'rubbish',
  'http://127.0.0.1.evil.example',
])('the origin %s may change nothing, and that is said before its content type', async (origin) => {
  for (const [method, path, body] of changes()) {
    const headers = { origin, 'content-type': 'text/plain' };
    expectProblem(await call(studio.url, path, { method, token, body, headers }), 403, 'foreign-origin');
  }
  const read = await call(studio.url, '/threads', { token, headers: { origin } });
  expect([read.status, read.headers['access-control-allow-origin']]).toEqual([200, undefined]);
});

test("the page's own origin may change things", async () => {
  expect((await post('/threads', { token, headers: { origin: studio.url } })).status).toBe(201);
});

test.each([
  undefined,
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/jsonx',
  'text/plain; application/json',
  'application/problem+json',
  '',
])('the content type %j is refused before the session is asked for, also without a body', async (type) => {
  for (const [method, path, body] of changes()) {
    for (const sent of [body, '']) {
      const headers = { 'content-type': type };
      expectProblem(
        await call(studio.url, path, { method, body: sent, headers }),
        415,
        'unsupported-media-type',
      );
    }
  }
});

test('a content type may have parameters and capitals, and an empty body is an empty object', async () => {
  for (const type of ['application/json; charset=utf-8', 'Application/JSON']) {
    expect((await post('/threads', { token, body: '', headers: { 'content-type': type } })).status).toBe(201);
  }
});

test('a body over 256 KiB is too large, one of that size is not', async () => {
  const padded = (bytes: number): string => `{"pad":"${'x'.repeat(bytes - 10)}"}`;
  expect((await post('/threads', { token, body: padded(256 * 1024) })).status).toBe(201);
  for (const bytes of [256 * 1024 + 1, 300_000]) {
    for (const [method, path] of changes()) {
      expectProblem(await call(studio.url, path, { method, token, body: padded(bytes) }), 413, 'too-large');
    }
  }
});
