import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, temporaryFolder } from '@taproot/testkit';
import { expect, test } from 'vitest';
import type { EmbeddedServer } from '../../src/embedded/index.ts';
import { HEALTHY_AFTER_MS, RestartPause } from '../../src/embedded/restart-pause.ts';
import { FULL_DISKS } from './full-disk.ts';
import { command, embedded, pidOf, program, serverProcesses } from './setup.ts';

function startsIn(dataDir: string): number {
  return readFileSync(join(dataDir, 'redis.log'), 'utf8').match(/is starting/g)?.length ?? 0;
}

async function kill(dataDir: string): Promise<void> {
  const pid = pidOf(dataDir);
  process.kill(pid, 'SIGKILL');
  await eventually(() => expect(serverProcesses(dataDir)).toEqual([]));
}

test('the pauses between restarts double from 100 ms to 10 s and begin anew after 30 s of health', () => {
  const pause = new RestartPause();
  const pauses = Array.from({ length: 11 }, () => {
    pause.ended(0, 0);
    return pause.remainingMs(0);
  });
  expect(pauses).toEqual([0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
  pause.ended(HEALTHY_AFTER_MS, 0);
  expect(pause.remainingMs(0)).toBe(0);
});

test('a server that was killed is started again at once, and the reason is kept', async () => {
  const folder = temporaryFolder();
  const server = embedded(folder);
  await server.ensure();
  expect(server.lastExit()).toBeUndefined();
  await kill(folder);
  expect(await server.ensure()).toBe('started');
  expect(server.lastExit()).toEqual({ reason: 'it was killed by SIGKILL', at: expect.any(Number) });
  expect(server.givingUpUntil).toBeUndefined();
});

test('the end of a server that another process started is explained by its log', async () => {
  const folder = temporaryFolder();
  await embedded(folder).ensure();
  const other = embedded(folder);
  await other.ensure();
  await kill(folder);
  await other.ensure();
  expect(other.lastExit()?.reason).toMatch(/^it was killed, for its log ends without a reason/);
  await command(other.socketPath, 'SHUTDOWN').catch(() => undefined);
  await eventually(() => expect(serverProcesses(folder)).toEqual([]));
  const third = embedded(folder);
  await third.ensure();
  await command(third.socketPath, 'SHUTDOWN').catch(() => undefined);
  await eventually(async () => {
    await third.ensure();
    expect(third.lastExit()?.reason).toBe('it was shut down');
  });
});

test('a server that keeps ending is started ever more seldom, and the reason is told meanwhile', async () => {
  const folder = temporaryFolder();
  const broken = program(
    'redis-server',
    'Redis server v=7.0.15',
    `echo "is starting"; echo "out of luck"; exit 3`,
  );
  const server = embedded(folder, { serverBin: broken });
  const endsAt = Date.now() + 1500;
  const messages = new Set<string>();
  while (Date.now() < endsAt) {
    const error: unknown = await server.ensure().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'embedded-failed', retryable: true, applied: 'no' });
    messages.add((error as Error).message);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  // At 0, 0, 100, 300, 700 and 1500 ms.
  expect(startsIn(folder)).toBeGreaterThanOrEqual(4);
  expect(startsIn(folder)).toBeLessThanOrEqual(6);
  expect([...messages]).toContain('The embedded Redis could not be started: it said "out of luck"');
  expect([...messages].at(-1)).toMatch(
    /ended \d times in a row, so its next start waits \d+ ms: it said "out of luck"/,
  );
  await eventually(() => expect(server.givingUpUntil).toBeGreaterThan(Date.now()));
});

test('the reason of an earlier end is not taken for that of a later one', async () => {
  const folder = temporaryFolder();
  const server = embedded(folder, {
    serverBin: program(
      'redis-server',
      'Redis server v=7.0.15',
      '[ -e told ] && exit 3; touch told; echo "out of luck"; exit 1',
    ),
  });
  await expect(server.ensure()).rejects.toThrow(/it said "out of luck"$/);
  await expect(server.ensure()).rejects.toThrow(/it ended with status 3; see .*redis.log$/);
});

test('a damaged append-only file is told with what Redis says about it', async () => {
  const folder = temporaryFolder();
  await embedded(folder).ensure();
  await kill(folder);
  const place = join(folder, 'data', 'appendonlydir');
  const file = readdirSync(place).find((name) => name.endsWith('.incr.aof'));
  writeFileSync(join(place, String(file)), 'this is no append-only file\n'.repeat(10));
  const server = embedded(folder);
  // It listens before it reads its data, so a start may seem to have succeeded.
  const failure = await eventually(() =>
    server.ensure().then(
      () => Promise.reject(new TypeError('it runs')),
      (error: Error) => error,
    ),
  );
  expect(failure).toMatchObject({ code: 'embedded-failed', retryable: true });
  expect(failure.message).toMatch(/it said "Bad file format .*-check-aof --fix/);
});

/** Uses the server, starting it whenever it has ended: until it cannot be started, and for a second more. */
async function insist(
  server: EmbeddedServer,
  use: () => Promise<void>,
): Promise<{ starts: number; failure: unknown }> {
  let starts = 0;
  let failure: unknown;
  for (let endsAt = Number.POSITIVE_INFINITY; Date.now() < endsAt; ) {
    try {
      if ((await server.ensure()) === 'started') starts += 1;
      // Its connection ends without a reply; that is the point.
      await use().catch(() => undefined);
    } catch (error) {
      if (failure === undefined) endsAt = Date.now() + 1000;
      failure = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { starts, failure };
}

test.each(FULL_DISKS)('a full disk is told as such and makes no crash loop (%o)', async (makeFull) => {
  const { dataDir, fill, free } = makeFull();
  const server = embedded(dataDir);
  await server.ensure();
  await command(server.socketPath, 'SET', 'kept', 'yes');
  const { starts, failure } = await insist(server, () => fill(server.socketPath));
  expect(failure).toMatchObject({ code: 'embedded-failed', retryable: true, applied: 'no' });
  expect((failure as Error).message).toMatch(/the disk is full.* \(\d+ (bytes|kB|MB|GB) free in .*data\)$/);
  expect(server.lastExit()?.reason).toMatch(/^the disk is full/);
  // Without any space no server is started; else after pauses of 0, 100, 200, 400 and 800 ms.
  expect(starts).toBeLessThanOrEqual(free === undefined ? 6 : 1);
  if (free === undefined) return;
  free();
  expect(await server.ensure()).toBe('started');
  expect(await command(server.socketPath, 'GET', 'kept')).toBe('yes');
});
