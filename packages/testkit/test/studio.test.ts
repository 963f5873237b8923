import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startRedis, startStudio } from '../src/index.ts';
import { studioEnvironment } from '../src/studio-environment.ts';

test('a studio is ready on a free port, with a Redis of its own in a folder of its own', async () => {
  const [one, two] = await Promise.all([startStudio(), startStudio()]);
  expect(one.port).not.toBe(two.port);
  expect(one.dataDir).not.toBe(two.dataDir);
  expect(existsSync(join(one.dataDir, 'redis.pid'))).toBe(true);
  expect((await fetch(`${one.url}/readyz`)).status).toBe(200);
});

test('a restarted studio has its port and its folder again', async () => {
  const studio = await startStudio();
  const { url, pid, dataDir } = studio;
  await studio.kill();
  await studio.restart();
  expect(studio.pid).not.toBe(pid);
  expect([studio.url, studio.dataDir]).toEqual([url, dataDir]);
});

test('a stopped studio has ended by itself', async () => {
  const studio = await startStudio();
  expect(await studio.stop()).toEqual({ code: 0, signal: null });
  expect(await studio.exit).toEqual({ code: 0, signal: null });
});

test('a studio uses the Redis it is given', async () => {
  const redis = await startRedis();
  const studio = await startStudio({ env: { REDIS_URL: redis.url } });
  expect(await redis.cli('CLIENT', 'LIST')).toContain('taproot:');
  expect(studio.redisPid).toBeUndefined();
});

test('a studio that cannot start says why, at once', async () => {
  const first = await startStudio();
  await expect(startStudio({ port: first.port })).rejects.toMatchObject({
    code: 'not-started',
    message: expect.stringContaining('in use'),
  });
});

test('no setting of the developer reaches the studio', () => {
  const inherited = { REDIS_URL: 'redis://x', HOST: '0.0.0.0', TAPROOT_DATA: '/data', PATH: '/bin' };
  expect(studioEnvironment(inherited, { PORT: '0' })).toEqual({ PATH: '/bin', PORT: '0' });
});
