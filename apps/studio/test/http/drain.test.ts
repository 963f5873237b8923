import { eventually, startRedis, startStudio } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { call } from '../../../../packages/chat/test/server/support/http.ts';
import { connected, upgrade } from '../../../../packages/chat/test/server/support/wire.ts';
import { signIn, untilAnswering, visit } from '../support/visitor.ts';

const SECRET = { SESSION_SECRET: 'one secret of both studios, long enough' };

test('after SIGTERM /readyz and upgrades are answered by 503 until the last socket is gone, and the exit is clean', async () => {
  const redis = await startRedis();
  const studio = await startStudio({ env: { REDIS_URL: redis.url } });
  const wire = await connected(studio.url, { token: await signIn(studio) });
  // It does not answer the close, so the drain takes as long as it may.
  wire.socket.pause();
  const ended = studio.kill('SIGTERM');
  await eventually(
    async () => {
      const readiness = await call(studio.url, '/readyz');
      expect([readiness.status, readiness.json().state, readiness.headers['retry-after']]).toEqual([
        503,
        'closing',
        '1',
      ]);
      const refused = await upgrade(studio.url, { 'sec-websocket-protocol': 'taproot.v1' });
      expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
      expect((await call(studio.url, '/livez')).status).toBe(200);
    },
    { timeoutMs: 5000, everyMs: 5 },
  );
  expect(await ended).toEqual({ code: 0, signal: null });
  wire.socket.resume();
  expect(await wire.closeCode()).toBe(1012);
});

test('a drained studio gives its runs back: another one finishes the answer at once, and the visitor loses nothing', async () => {
  const redis = await startRedis();
  const env = { REDIS_URL: redis.url, ...SECRET };
  const studio = await startStudio({ env });
  const heir = await startStudio({ env: { ...env, TAPROOT_ROLE: 'worker' } });
  const visitor = await visit(studio);
  visitor.client.send(visitor.thread, 'What is in Redis right now?');
  await untilAnswering(visitor);
  expect(await studio.stop()).toEqual({ code: 0, signal: null });
  await studio.restart();
  await eventually(
    () => expect(visitor.events.at(-1)?.data).toMatchObject({ type: 'run-ended', outcome: 'done' }),
    {
      timeoutMs: 30_000,
    },
  );
  expect(visitor.closes).not.toContain(1011);
  expect(visitor.closes[0]).toBe(1012);
  expect(heir.output()).not.toMatch(/"level":(50|60)/);
});
