import { eventually, freePort, startRedis, startStudio, type TestStudio } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket as Ws } from 'ws';
import { outcomesOf, visit } from '../support/visitor.ts';
import { attempt, refusal } from './support/attempt.ts';
import { twoFacedRedis } from './support/two-faced-redis.ts';

interface Readiness {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: { readonly state: string; readonly reason?: string };
}

async function readiness({ url }: TestStudio): Promise<Readiness> {
  const response = await fetch(`${url}/readyz`);
  const { status, headers } = response;
  return { status, retryAfter: headers.get('retry-after'), body: await response.json() };
}

/** How an upgrade is answered: its HTTP status and Retry-After, or the close code if it was accepted. */
async function upgrade({
  url,
}: TestStudio): Promise<{ status?: number; retryAfter?: string; code?: number }> {
  const socket = new Ws(`${url.replace('http', 'ws')}/ws`, 'taproot.v1');
  onTestFinished(() => socket.terminate());
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.on('close', (code) => resolve({ code }));
    socket.on('unexpected-response', (_request, { statusCode = 0, headers }) =>
      resolve({ status: statusCode, retryAfter: headers['retry-after'] ?? '' }),
    );
  });
}

test('with a REDIS_URL that leads nowhere the studio serves, is not ready, and gets ready when Redis starts', async () => {
  const port = await freePort();
  const studio = await startStudio({
    env: { REDIS_URL: `redis://127.0.0.1:${port}` },
    waitFor: 'listening',
  });
  await eventually(async () =>
    expect(await readiness(studio)).toMatchObject({
      status: 503,
      retryAfter: expect.stringMatching(/^[1-9]\d*$/),
      body: { state: 'down', reason: `Redis at 127.0.0.1:${port}: refuses connections` },
    }),
  );
  expect((await fetch(`${studio.url}/livez`)).status).toBe(200);
  expect((await fetch(studio.url)).headers.get('content-type')).toContain('text/html');
  expect(await upgrade(studio)).toEqual({ status: 503, retryAfter: expect.stringMatching(/^[1-9]\d*$/) });
  expect(studio.output()).toContain(`Redis is down: Redis at 127.0.0.1:${port}: refuses connections`);
  await startRedis({ port });
  await eventually(async () => expect(await readiness(studio)).toMatchObject({ status: 200 }));
  const visitor = await visit(studio);
  await visitor.client.send(visitor.thread, 'ping?').accepted;
  await eventually(() => expect(outcomesOf(visitor.events)).toEqual(['done']));
});

test('a client waits with a server that was started before its Redis, gets in by itself, and never sees 1011', async () => {
  const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const studio = await startStudio({ env: { REDIS_URL: redis.url } });
  const visitor = await visit(studio);
  await redis.kill();
  await studio.restart({ waitFor: 'listening' });
  await eventually(() =>
    expect(visitor.client.connection).toMatchObject({ socket: 'waiting', redis: 'down' }),
  );
  const sent = visitor.client.send(visitor.thread, 'ping?');
  await redis.restart();
  await sent.accepted;
  await eventually(() => expect(outcomesOf(visitor.events)).toEqual(['done']));
  expect(visitor.client.connection).toMatchObject({ socket: 'open', redis: 'ready' });
  expect(visitor.closes).not.toContain(1011);
});

test('a Redis older than 6.2 ends the start, by name and version', async () => {
  const redis = await twoFacedRedis(await startRedis(), { old: true });
  const said = await refusal({ REDIS_URL: redis.url });
  expect(said).toMatch(/^Redis at 127\.0\.0\.1:\d+ is version 5\.\d+\.\d+; Taproot needs 6\.2 or later$/);
});

test('a Redis that is exchanged for one older than 6.2 under a serving studio makes it down, with the reason', async () => {
  const redis = await twoFacedRedis(await startRedis());
  const studio = await startStudio({ env: { REDIS_URL: redis.url } });
  const visitor = await visit(studio);
  redis.growOld();
  await eventually(async () =>
    expect(await readiness(studio)).toMatchObject({
      status: 503,
      body: { state: 'down', reason: expect.stringMatching(/version 5\..* Taproot needs 6\.2/) },
    }),
  );
  expect((await fetch(`${studio.url}/livez`)).status).toBe(200);
  await eventually(() => expect(visitor.conditions.at(-1)).toBe('down'));
  expect(visitor.closes).toEqual([]);
});

test.each([':sesame@', ''])(
  'credentials that Redis refuses (%j) end the start, and are printed nowhere',
  async (credentials) => {
    const redis = await startRedis({ args: ['--requirepass', 'correct'] });
    const settings = { REDIS_URL: `redis://${credentials}127.0.0.1:${redis.port}` };
    expect(await refusal(settings)).toBe(
      `Redis at 127.0.0.1:${redis.port} does not accept the user and password that REDIS_URL gives, or it gives none`,
    );
    const { process: started, stdout, stderr } = attempt(settings);
    await started.exit;
    expect(`${stdout()}${stderr()}`).not.toContain('sesame');
  },
);
