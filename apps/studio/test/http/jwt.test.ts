import { eventually, startRedis, startStudio, type TestStudio } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { call, expectProblem } from '../../../../packages/chat/test/server/support/http.ts';
import {
  AUDIENCE,
  ISSUER,
  type Issuer,
  startIssuer,
} from '../../../../packages/chat/test/server/support/issuer.ts';
import { connected, Wire } from '../../../../packages/chat/test/server/support/wire.ts';

async function startAll(env: Readonly<Record<string, string>> = {}) {
  const [redis, issuer] = [await startRedis(), await startIssuer()];
  const settings = {
    REDIS_URL: redis.url,
    AUTH_JWKS_URL: issuer.url,
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: AUDIENCE,
    TAPROOT_DEMO: '0',
    ...env,
  };
  return { redis, issuer, studio: await startStudio({ env: settings }), settings };
}

function exchange(studio: TestStudio, jwt: unknown, headers: Record<string, string> = {}) {
  return call(studio.url, '/auth/session', { method: 'POST', body: JSON.stringify({ jwt }), headers });
}

async function signIn(studio: TestStudio, issuer: Issuer, sub: string): Promise<string> {
  return String((await exchange(studio, await issuer.sign({ claims: { sub } }))).json().token);
}

test('a JWT of the issuer is exchanged for a session, whose token and cookie open everything', async () => {
  const { issuer, studio } = await startAll();
  const jwt = await issuer.sign({ claims: { sub: 'u-7', name: 'Ada L.', roles: ['operator'] } });
  const answer = await exchange(studio, jwt);
  expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store']);
  const { token, user } = answer.json() as { token: string; user: unknown };
  expect(user).toEqual({ id: 'u-7', name: 'Ada L.' });
  const [cookie = ''] = answer.headers['set-cookie'] ?? [];
  expect(cookie).toMatch(/^taproot_session=[\w.-]+; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/);
  expect((await call(studio.url, '/threads', { token })).status).toBe(200);
  const wire = await connected(studio.url, { headers: { cookie: cookie.split(';')[0] ?? '' } });
  expect(wire.of('ready')[0]?.user).toEqual({ id: 'u-7', name: 'Ada L.' });
  // The JWT itself is no token, and an operator may look at the system also from elsewhere.
  expect((await call(studio.url, '/threads', { token: jwt })).status).toBe(401);
  const away = { 'x-forwarded-for': '203.0.113.9' };
  expect((await call(studio.url, '/metrics', { token, headers: away })).status).toBe(200);
  const plain = await signIn(studio, issuer, 'u-8');
  expect((await call(studio.url, '/metrics', { token: plain, headers: away })).status).toBe(404);
});

test('a JWT may come as Bearer, and both ways the session is another one each time', async () => {
  const { issuer, studio } = await startAll();
  const jwt = await issuer.sign();
  const bearer = await call(studio.url, '/auth/session', { method: 'POST', token: jwt });
  expect(bearer.status).toBe(200);
  expect(bearer.json().token).not.toBe((await exchange(studio, jwt)).json().token);
});

test('what does not hold gets 401, and what is no JWT of a text 400', async () => {
  const { issuer, studio } = await startAll();
  for (const bad of [
    await issuer.sign({ livesS: -60 }),
    await issuer.sign({ claims: { aud: 'other' } }),
    'a.b.c',
    'x'.repeat(20_000),
  ])
    expectProblem(await exchange(studio, bad), 401, 'unauthenticated');
  for (const none of [undefined, 7, null, {}])
    expectProblem(await exchange(studio, none), 400, 'bad-request');
  // An issuer cannot make its user one of the demo users.
  for (const sub of ['demo', 'demo:ada'])
    expectProblem(await exchange(studio, await issuer.sign({ claims: { sub } })), 401, 'unauthenticated');
  expectProblem(
    await exchange(studio, await issuer.sign(), { origin: 'https://evil.example' }),
    403,
    'foreign-origin',
  );
});

test('while the issuer’s keys cannot be had it is 503 with Retry-After, and the studio says nothing of a bug', async () => {
  const { issuer, studio } = await startAll();
  const usual = issuer.answer;
  issuer.answer = (_request, response) => void response.writeHead(500).end();
  const jwt = await issuer.sign();
  const answer = await exchange(studio, jwt);
  expectProblem(answer, 503, 'identity-unavailable');
  expect([answer.headers['retry-after'], answer.json().applied]).toEqual(['1', 'no']);
  issuer.answer = usual;
  expect((await exchange(studio, jwt)).status).toBe(200);
  expect(studio.output()).not.toMatch(/"level":(50|60)|Error:/);
});

test('without an issuer nobody signs in with a JWT', async () => {
  const redis = await startRedis();
  const studio = await startStudio({ env: { REDIS_URL: redis.url, TAPROOT_DEMO: '0' } });
  expectProblem(await exchange(studio, 'a.b.c'), 403, 'forbidden');
  expectProblem(await call(studio.url, '/auth/demo', { method: 'POST' }), 403, 'forbidden');
  await eventually(() => expect(studio.output()).toContain('Nobody can sign in: set AUTH_JWKS_URL'));
});

test('logging out on one studio closes the session’s sockets on the other, and its tickets open nothing', async () => {
  const { issuer, studio, settings } = await startAll({
    SESSION_SECRET: 'one secret of both studios, long enough',
  });
  const other = await startStudio({ env: settings });
  const token = await signIn(studio, issuer, 'ada');
  const stays = await connected(other.url, { token: await signIn(studio, issuer, 'ada') });
  const wires = [await connected(studio.url, { token }), await connected(other.url, { token })];
  const { ticket } = (await call(other.url, '/auth/ticket', { method: 'POST', token })).json();
  expect((await call(studio.url, '/auth/logout', { method: 'POST', token })).status).toBe(204);
  expect(await Promise.all(wires.map((wire) => wire.closeCode()))).toEqual([4401, 4401]);
  expect(await new Wire(other.url, { ticket: String(ticket) }).closeCode()).toBe(4401);
  expect(await stays.ask({ type: 'ping', n: 1 })).toEqual({ type: 'pong', n: 1 });
});

test('sign-ins of one address are counted by all studios together', async () => {
  const { issuer, studio, settings } = await startAll({
    SESSION_SECRET: 'one secret of both studios, long enough',
    TRUST_PROXY: '1',
    TAPROOT_LIMITS: 'signInsPerMinute=2,addressFactor=2',
  });
  const other = await startStudio({ env: settings });
  const jwt = (n: number): Promise<string> => issuer.sign({ claims: { sub: `u-${n}` } });
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const statuses: number[] = [];
  for (let n = 0; n < 6; n++)
    statuses.push((await exchange(n % 2 ? studio : other, await jwt(n), from('203.0.113.9'))).status);
  expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
  const refused = await exchange(studio, await jwt(9), from('203.0.113.9'));
  expectProblem(refused, 429, 'too-many-requests');
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(1);
  expect((await exchange(studio, await jwt(9), from('203.0.113.10'))).status).toBe(200);
  // And those of one user, wherever they come from.
  const same = [await exchange(other, await jwt(9)), await exchange(studio, await jwt(9))];
  expect(same.map(({ status }) => status)).toEqual([200, 429]);
});
