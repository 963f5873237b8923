import { startRedis, startStudio, type TestStudio } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { call, expectProblem } from '../../../../packages/chat/test/server/support/http.ts';
import { Wire } from '../../../../packages/chat/test/server/support/wire.ts';
import { signIn } from '../support/visitor.ts';

const SLOW = 'requestsPerSecond=1,addressFactor=1';

async function start(env: Readonly<Record<string, string>>): Promise<TestStudio> {
  const redis = await startRedis();
  return startStudio({ env: { REDIS_URL: redis.url, ...env } });
}

/** Asks until it is refused; how often it was answered before. */
async function untilRefused(
  studio: TestStudio,
  headers: Readonly<Record<string, string>>,
  token?: string,
): Promise<number> {
  for (let n = 0; n < 40; n++) {
    const answer = await call(studio.url, '/threads', { headers, ...(token && { token }) });
    if (answer.status === 429) {
      expectProblem(answer, 429, 'too-many-requests');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      return n;
    }
  }
  return Number.POSITIVE_INFINITY;
}

test.each([
  ['1', '198.51.100.1, 203.0.113.9'],
  ['2', '198.51.100.1, 203.0.113.9, 10.0.0.1'],
  ['loopback, 10.0.0.0/8', '198.51.100.1, 203.0.113.9, 10.0.0.1, 10.0.0.2'],
])(
  'with TRUST_PROXY=%s an address is what the nearest proxies say, and not what a client says',
  async (trust, told) => {
    const studio = await start({ TRUST_PROXY: trust, TAPROOT_LIMITS: SLOW });
    expect(await untilRefused(studio, { 'x-forwarded-for': told })).toBeGreaterThanOrEqual(10);
    // Another lie before the true address does not help; another true address does.
    const statuses = async (address: string): Promise<number[]> => {
      const calls = Array.from({ length: 8 }, () =>
        call(studio.url, '/threads', { headers: { 'x-forwarded-for': address } }),
      );
      return (await Promise.all(calls)).map(({ status }) => status);
    };
    expect(await statuses(told.replace('198.51.100.1', '198.51.100.2'))).toContain(429);
    expect(await statuses(told.replace('203.0.113.9', '203.0.113.10'))).not.toContain(429);
    // Upgrades count as requests.
    const wires = Array.from(
      { length: 8 },
      () => new Wire(studio.url, { headers: { 'x-forwarded-for': told } }),
    );
    expect(await Promise.all(wires.map((wire) => wire.closeCode()))).toContain(4429);
  },
);

test('without TRUST_PROXY what a header says of an address is not believed, and this machine is not limited', async () => {
  const studio = await start({ TAPROOT_LIMITS: SLOW });
  expect(await untilRefused(studio, { 'x-forwarded-for': '203.0.113.9' })).toBe(Number.POSITIVE_INFINITY);
});

test('a user has so many requests, from wherever they come', async () => {
  const studio = await start({ TAPROOT_LIMITS: SLOW });
  const [ada, bob] = [await signIn(studio, 'Ada'), await signIn(studio, 'Bob')];
  expect(await untilRefused(studio, {}, ada)).toBeGreaterThanOrEqual(10);
  expect((await call(studio.url, '/threads', { token: bob })).status).toBe(200);
  const tickets = Array.from({ length: 8 }, () =>
    call(studio.url, '/auth/ticket', { method: 'POST', token: ada }),
  );
  expect((await Promise.all(tickets)).map(({ status }) => status)).toContain(429);
});

test('the metrics tell the limits, what they refused, and how many strangers are counted', async () => {
  const studio = await start({ TRUST_PROXY: '1', TAPROOT_LIMITS: SLOW });
  for (let n = 0; n < 30; n++)
    await call(studio.url, '/threads', { headers: { 'x-forwarded-for': `203.0.113.${n}` } });
  await untilRefused(studio, { 'x-forwarded-for': '203.0.113.1' });
  const { text } = await call(studio.url, '/metrics');
  expect(text).toContain('taproot_limit{limit="requestsPerSecond"} 1\n');
  expect(text).toContain('taproot_limit{limit="maxFrameBytes"} 262144\n');
  expect(text).toContain('taproot_refused_total{limit="requests"} 1\n');
  expect(text).toContain('taproot_limit_keys{limit="requests",of="address"} 30\n');
  expect(text).toContain('taproot_sockets_closed_total{code="1011"} 0\n');
  expect(text).toMatch(/^taproot_outgoing_bytes 0$/m);
});
