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
  '[]',
  '[{}]',
  'null',
  '5',
  '"x"',
  'true',
  '{',
  '{}{}',
  "{'a':1}",
  '\0',
  '\ufeff{}',
  '{"title":"\ud800',
])('the body %j is not an object', async (body) => {
  for (const [method, path] of changes()) {
    expectProblem(await call(studio.url, path, { method, token, body }), 400, 'bad-request');
  }
});

test('a field of the wrong type, or too long, is a bad request', async () => {
  const long = 'x'.repeat(201);
  for (const title of [5, null, {}, ['x'], true, long]) {
    const body = JSON.stringify({ title });
    expectProblem(await post('/threads', { token, body }), 400, 'bad-request');
    expectProblem(
      await call(studio.url, `/threads/${thread}`, { method: 'PATCH', token, body }),
      400,
      'bad-request',
    );
  }
  for (const body of ['{}', '{"title":""}', '{"title":"  "}']) {
    expectProblem(
      await call(studio.url, `/threads/${thread}`, { method: 'PATCH', token, body }),
      400,
      'bad-request',
    );
  }
  for (const name of [5, null, '', '  ', 'x'.repeat(41)]) {
    expectProblem(await post('/auth/demo', { body: JSON.stringify({ name }) }), 400, 'bad-request');
  }
});

test.each([
  'limit=0',
  'limit=201',
  'limit=-1',
  'limit=1.5',
  'limit=x',
  'limit=',
  'limit=1&limit=2',
  'before=nobody',
  'before=a&before=b',
  `before=${'x'.repeat(200)}`,
])('the query %s of a history is a bad request', async (query) => {
  expectProblem(
    await call(studio.url, `/threads/${thread}/messages?${query}`, { token }),
    400,
    'bad-request',
  );
});

test('keys that name prototypes do nothing', async () => {
  const polluted = '{"title":"polluted","polluted":true}';
  for (const body of [
    `{"__proto__":${polluted}}`,
    `{"constructor":{"prototype":${polluted}}}`,
    `{"prototype":${polluted}}`,
  ]) {
    const made = (await post('/threads', { token, body })).json();
    expect([made.title, made.polluted]).toEqual(['', undefined]);
  }
  expect((await call(studio.url, '/readyz')).json().polluted).toBeUndefined();
});

test("somebody else's thread, a missing one and an id that cannot be are answered alike by every verb", async () => {
  const foreign = String((await post('/threads', { token: await signIn('Bob') })).json().id);
  const ids = [
    foreign,
    't'.repeat(foreign.length),
    'x',
    'x'.repeat(65),
    '%7Bx%7D',
    'a%0D%0Ab',
    '%F0%9F%98%80',
    '%00',
    '..%2f',
    'a:b',
    '*',
  ];
  const verbs: [string, string, string?][] = [
    ['GET', ''],
    ['GET', '/messages'],
    ['GET', '/messages?limit=10&before=m-1'],
    ['PATCH', '', '{"title":"mine now"}'],
    ['DELETE', '', ''],
  ];
  for (const [method, rest, body] of verbs) {
    const answers = await Promise.all(
      ids.map((id) =>
        call(studio.url, `/threads/${id}${rest}`, { method, token, ...(body !== undefined && { body }) }),
      ),
    );
    for (const answer of answers) {
      expectProblem(answer, 404, 'not-found');
      expect(answer.text).toBe(answers[0]?.text);
    }
  }
});

test('without a session every route of a user says 401 and how to sign in', async () => {
  const ticket = String((await post('/auth/ticket', { token })).json().ticket);
  const calls: [string, string, string?][] = [
    ...changes().filter(([, path]) => path !== '/auth/demo'),
    ['POST', '/auth/logout', ''],
    ...['/threads', `/threads/${thread}`, `/threads/${thread}/messages`].map((path): [string, string] => [
      'GET',
      path,
    ]),
  ];
  const bodies = ({ body }: { body: string | undefined }): Call => (body === undefined ? {} : { body });
  for (const [method, path, body] of calls) {
    for (const headers of [
      {},
      { authorization: `Bearer ${'x'.repeat(43)}`, cookie: `taproot_session=${token}` },
      { authorization: `Basic ${token}` },
      { cookie: 'taproot_session=' },
    ]) {
      const answer = await call(studio.url, path, { method, headers, ...bodies({ body }) });
      expectProblem(answer, 401, 'unauthenticated');
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
    // A ticket opens sockets only.
    expectProblem(
      await call(studio.url, `${path}?ticket=${ticket}`, { method, ...bodies({ body }) }),
      401,
      'unauthenticated',
    );
  }
});

test.each([
  ['GET', '/nowhere', 404, 'not-found'],
  ['GET', '/v1/stream/x', 404, 'not-found'],
  ['PUT', '/threads', 404, 'not-found'],
  ['POST', '/readyz', 404, 'not-found'],
  ['POST', '/auth/session', 403, 'forbidden'],
  ['GET', '/threads/%zz', 404, 'not-found'],
  ['GET', '/%', 404, 'not-found'],
  ['GET', `/threads/${'x'.repeat(5000)}`, 404, 'not-found'],
  ['GET', '//', 404, 'not-found'],
  ['GET', '/assets/..%2f..%2f..%2fpackage.json', 404, 'not-found'],
  ['GET', '/..%2f..%2fpackage.json', 404, 'not-found'],
] as const)('%s %s is %i %s', async (method, path, status, code) => {
  expectProblem(
    await call(studio.url, path, { method, token, ...(method === 'GET' ? {} : { body: '{}' }) }),
    status,
    code,
  );
});
