import { createHmac } from 'node:crypto';
import { createJwtVerifier, type JwtOptions, type JwtVerifier, userOfClaims } from '@taproot/chat/server';
import { exportSPKI } from 'jose';
import { expect, test } from 'vitest';
import { AUDIENCE, ISSUER, type Issuer, startIssuer } from './support/issuer.ts';

const SECONDS = 1000;

async function startAll(options: Partial<JwtOptions> = {}): Promise<{ issuer: Issuer; verify: JwtVerifier }> {
  const issuer = await startIssuer();
  const given = { jwksUrl: issuer.url, issuer: ISSUER, audience: AUDIENCE, ...options };
  return { issuer, verify: createJwtVerifier(given) };
}

const REFUSED = { code: 'unauthenticated' };
const UNAVAILABLE = { code: 'identity-unavailable', applied: 'no', retryAfterMs: expect.any(Number) };

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

test('a JWT of the issuer stands for its subject', async () => {
  const { issuer, verify } = await startAll();
  expect(await verify(await issuer.sign())).toEqual({ id: 'ada', name: 'ada', operator: false });
  const claims = { name: 'Ada L.', roles: ['user', 'operator'] };
  expect(await verify(await issuer.sign({ claims }))).toEqual({ id: 'ada', name: 'Ada L.', operator: true });
  expect(await verify(await issuer.sign({ claims: { aud: ['other', AUDIENCE] } }))).toMatchObject({
    id: 'ada',
  });
});

test.each(['RS256', 'PS512', 'ES384', 'EdDSA'])(
  '%s is a signature by a key pair, and counts',
  async (alg) => {
    const { issuer, verify } = await startAll();
    await issuer.rotate('other', { alg });
    expect(await verify(await issuer.sign({ alg }))).toMatchObject({ id: 'ada' });
  },
);

test.each([
  ['another issuer', { claims: { iss: 'https://evil.example' } }],
  ['no issuer', { claims: { iss: undefined } }],
  ['another audience', { claims: { aud: 'other' } }],
  ['no audience', { claims: { aud: undefined } }],
  ['an end that has passed', { livesS: -31 }],
  ['no end', { livesS: null }],
  ['an end that is no number', { claims: { exp: 'never' } }],
  ['a beginning that has not come', { claims: { nbf: Math.floor(Date.now() / 1000) + 60 } }],
  ['no subject', { claims: { sub: undefined } }],
  ['an empty subject', { claims: { sub: '' } }],
  ['a subject that is no text', { claims: { sub: 7 } }],
  ['a subject of 256 characters', { claims: { sub: 'x'.repeat(256) } }],
])('a JWT with %s does not hold', async (_what, options) => {
  const { issuer, verify } = await startAll();
  await expect(verify(await issuer.sign(options as Parameters<Issuer['sign']>[0]))).rejects.toMatchObject(
    REFUSED,
  );
});

test('clocks may differ by 30 seconds, and by no more', async () => {
  const { issuer, verify } = await startAll();
  const from = (s: number) => ({ claims: { nbf: Math.floor(Date.now() / SECONDS) + s } });
  expect(await verify(await issuer.sign({ livesS: -20 }))).toMatchObject({ id: 'ada' });
  expect(await verify(await issuer.sign(from(20)))).toMatchObject({ id: 'ada' });
  await expect(verify(await issuer.sign({ livesS: -40 }))).rejects.toMatchObject(REFUSED);
  await expect(verify(await issuer.sign(from(40)))).rejects.toMatchObject(REFUSED);
});

test.each(['none', 'None', 'HS256', 'HS512', 'A128KW', ''])(
  'the algorithm %j is refused before a key is asked for',
  async (alg) => {
    const { issuer, verify } = await startAll();
    const [, payload = '', signature = ''] = (await issuer.sign()).split('.');
    for (const end of ['', signature])
      await expect(verify(`${part({ alg, kid: 'k1' })}.${payload}.${end}`)).rejects.toMatchObject(REFUSED);
    expect(issuer.asked).toBe(0);
  },
);

test('a signature made with the published key as a shared secret does not count', async () => {
  const { issuer, verify } = await startAll();
  const { publicKey } = await issuer.rotate('k1', { alg: 'RS256' });
  const [, payload = ''] = (await issuer.sign({ alg: 'RS256' })).split('.');
  const pem = await exportSPKI(publicKey);
  const published = JSON.stringify(issuer.keys[0]);
  for (const alg of ['HS256', 'RS256']) {
    for (const secret of [pem, published, '']) {
      const signed = `${part({ alg, kid: 'k1' })}.${payload}`;
      const mac = createHmac('sha256', secret).update(signed).digest('base64url');
      await expect(verify(`${signed}.${mac}`)).rejects.toMatchObject(REFUSED);
    }
  }
});

test('keys that a JWT brings or names itself are not looked at', async () => {
  const { issuer, verify } = await startAll({ keysCooldownMs: 0 });
  const evil = await startIssuer();
  const [jwk] = evil.keys;
  const [, payload = ''] = (await evil.sign()).split('.');
  for (const extra of [{ jwk }, { jku: evil.url }, { x5u: evil.url }, { kid: evil.url }]) {
    const [, , signature = ''] = (await evil.sign()).split('.');
    const forged = `${part({ alg: 'ES256', kid: 'k1', ...extra })}.${payload}.${signature}`;
    await expect(verify(forged)).rejects.toMatchObject(REFUSED);
  }
  await expect(verify(await evil.sign())).rejects.toMatchObject(REFUSED);
  expect([evil.asked, issuer.asked > 0]).toEqual([0, true]);
});

test.each([
  '',
  'x',
  'a.b',
  'a.b.c',
  '...',
  'x'.repeat(16_385),
  `${part({ alg: 'ES256', crit: ['x'], x: 1 })}.e30.AA`,
  `${part([])}.e30.AA`,
])('what is no JWT is refused (%#)', async (jwt) => {
  const { verify } = await startAll();
  await expect(verify(jwt)).rejects.toMatchObject(REFUSED);
});

test('a JWT whose bytes were changed does not hold', async () => {
  const { issuer, verify } = await startAll();
  const [head = '', , signature = ''] = (await issuer.sign()).split('.');
  const payload = part({ iss: ISSUER, aud: AUDIENCE, sub: 'root', exp: 9_999_999_999 });
  await expect(verify(`${head}.${payload}.${signature}`)).rejects.toMatchObject(REFUSED);
});

test('a key that the issuer has made since is fetched, and one that it took away counts no more', async () => {
  const { issuer, verify } = await startAll({ keysCooldownMs: 0, keysMaxAgeMs: 600_000 });
  const old = await issuer.sign();
  await verify(old);
  await issuer.rotate('k2');
  expect(await verify(await issuer.sign())).toMatchObject({ id: 'ada' });
  expect(issuer.asked).toBe(2);
  await expect(verify(old)).rejects.toMatchObject(REFUSED);
});

test('a key that is not known while it may not be asked for is to be tried again, not refused', async () => {
  const { issuer, verify } = await startAll({ keysCooldownMs: 60_000 });
  await verify(await issuer.sign());
  await issuer.rotate('k2');
  const asked = issuer.asked;
  for (let n = 0; n < 20; n++)
    await expect(verify(await issuer.sign({ kid: `k${n + 2}` }))).rejects.toMatchObject({
      ...UNAVAILABLE,
      retryAfterMs: 60_000,
    });
  // Strangers cannot make this server ask the issuer without end.
  expect(issuer.asked).toBe(asked);
});

test('keys without names are tried one after the other', async () => {
  const { issuer, verify } = await startAll();
  const first = await issuer.rotate('a');
  await issuer.rotate('b', { keep: true });
  issuer.keys = issuer.keys.map(({ kid: _, ...key }) => key);
  expect(await verify(await issuer.sign({ kid: null }))).toMatchObject({ id: 'ada' });
  expect(await verify(await issuer.sign({ kid: null, key: first }))).toMatchObject({ id: 'ada' });
  const evil = await startIssuer();
  await expect(verify(await evil.sign({ kid: null }))).rejects.toMatchObject(REFUSED);
  await expect(verify(await issuer.sign({ kid: null, livesS: -60 }))).rejects.toMatchObject(REFUSED);
});

test.each<[string, Issuer['answer']]>([
  ['refuses', (_request, response) => void response.writeHead(500).end('{"keys":[]}')],
  [
    'redirects',
    (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  ],
  ['answers rubbish', (_request, response) => void response.end('<html>')],
  ['answers JSON that is no key set', (_request, response) => void response.end('{"keys":7}')],
  [
    'answers keys that are none',
    (_request, response) =>
      void response.end('{"keys":[{"kty":"EC","kid":"k1","crv":"P-256","x":"!","y":"!"}]}'),
  ],
  ['hangs', () => undefined],
  ['hangs in the middle', (_request, response) => void response.write('{"keys":[')],
  ['cuts the connection', (request) => void request.socket.destroy()],
  [
    'never ends',
    (_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    },
  ],
])('while the issuer %s a sign-in is to be tried again', async (_what, answer) => {
  const { issuer, verify } = await startAll({ timeoutMs: 500 });
  const usual = issuer.answer;
  issuer.answer = answer;
  const jwt = await issuer.sign();
  const before = process.memoryUsage().arrayBuffers;
  const many = await Promise.allSettled([verify(jwt), verify(jwt), verify(jwt)]);
  for (const result of many) expect(result).toMatchObject({ status: 'rejected', reason: UNAVAILABLE });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
  expect(issuer.asked).toBe(1);
  issuer.answer = usual;
  if (_what !== 'answers keys that are none') expect(await verify(jwt)).toMatchObject({ id: 'ada' });
});

test('an issuer that is not there makes sign-ins wait, and the keys that are known go on', async () => {
  const away = createJwtVerifier({ jwksUrl: 'http://127.0.0.1:1/keys', issuer: ISSUER, audience: AUDIENCE });
  const { issuer, verify } = await startAll({ keysCooldownMs: 0 });
  await expect(away(await issuer.sign())).rejects.toMatchObject(UNAVAILABLE);
  await verify(await issuer.sign());
  issuer.answer = (request) => void request.socket.destroy();
  expect(await verify(await issuer.sign())).toMatchObject({ id: 'ada' });
  await expect(verify(await issuer.sign({ kid: 'k9' }))).rejects.toMatchObject(UNAVAILABLE);
});

test.each(['http://id.example/keys', 'ftp://127.0.0.1/keys', 'file:///etc/passwd', 'keys', ''])(
  'keys are not taken from %j',
  (jwksUrl) => {
    const make = (): JwtVerifier => createJwtVerifier({ jwksUrl, issuer: ISSUER, audience: AUDIENCE });
    expect(make).toThrow(expect.objectContaining({ code: 'invalid-options' }));
  },
);

test.each([
  [{ sub: 'u1' }, { name: 'u1', operator: false }],
  [{ sub: 'u1', name: ' ', preferred_username: 'ada' }, { name: 'ada' }],
  [{ sub: 'u1', email: 'ada@example.com' }, { name: 'ada@example.com' }],
  [{ sub: 'u1', name: 7 }, { name: 'u1' }],
  [{ sub: 'u1', name: 'x'.repeat(100) }, { name: 'x'.repeat(80) }],
  [{ sub: 'u1', roles: 'user operator' }, { operator: true }],
  [{ sub: 'u1', roles: ['operators', 'Operator', 'co-operator'] }, { operator: false }],
  [{ sub: 'u1', roles: { operator: true } }, { operator: false }],
])('the claims %j make a user', (claims, expected) => {
  expect(userOfClaims(claims as Parameters<typeof userOfClaims>[0])).toMatchObject({ id: 'u1', ...expected });
});
