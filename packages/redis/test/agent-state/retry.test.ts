import { eventually, type FaultProxy, faultProxy, startRedis, type TestRedis } from '@taproot/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AgentState } from '../../src/agent-state/index.ts';
import { readyManager } from '../support/ready-manager.ts';

/** Replies are on their way for so long, so that they can be lost after the command was applied. */
const LATENCY_MS = 2000;
/** Probes that are late would end the connection. */
const UNPROBED = { probeIntervalMs: 10_000 };

/** Ends the connection as soon as a write was applied whose reply is still on its way. */
async function loseReply(proxy: FaultProxy, applied: () => Promise<void>): Promise<void> {
  await eventually(applied, { everyMs: 5 });
  proxy.reset();
  await proxy.restore();
}

async function scriptsRun(redis: TestRedis): Promise<number> {
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.cli('INFO', 'commandstats'))?.[1] ?? 0);
}

test('a write whose reply was lost is sent again, and is written once', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: redis.url });
  const state = new AgentState<number>(await readyManager(proxy.url, UNPROBED), { deadlineMs: 20_000 });
  const { version } = await state.set('a', 1);
  await redis.cli('CONFIG', 'RESETSTAT');
  proxy.latency(LATENCY_MS);
  const writing = state.set('a', 2, { ifVersion: version });
  await loseReply(proxy, async () => expect(await redis.cli('XLEN', 'state:{a}')).toBe('2'));
  const written = await writing;
  expect(await scriptsRun(redis)).toBeGreaterThanOrEqual(2);
  expect(await state.get('a')).toEqual({ value: 2, ...written });
  expect(await redis.cli('XLEN', 'state:{a}')).toBe('2');
});

test('a deletion whose reply was lost is sent again, and still says that there was a document', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: redis.url });
  const state = new AgentState<number>(await readyManager(proxy.url, UNPROBED), { deadlineMs: 20_000 });
  await state.set('a', 1);
  proxy.latency(LATENCY_MS);
  const deleting = state.delete('a');
  await loseReply(proxy, async () => expect(await redis.cli('EXISTS', 'state:{a}')).toBe('0'));
  expect(await deleting).toBe(true);
});

test('a write of unknown fate says so, and repeated under its id by anybody gives the first result', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  const state = new AgentState<number>(manager);
  await state.set('a', 1);
  redis.freeze();
  const unknown = { code: 'timeout', applied: 'unknown' };
  await expect(state.set('a', 2, { writeId: 'w', deadlineMs: 100 })).rejects.toMatchObject(unknown);
  redis.thaw();
  await eventually(async () => expect(await redis.cli('XLEN', 'state:{a}')).toBe('2'));
  const second = await state.get('a');
  const third = await state.set('a', 3, { ifVersion: second?.version as number });
  const other = new AgentState<number>(await readyManager(redis.url));
  // Although the document is at another version by now.
  const repeated = await other.set('a', 2, { writeId: 'w', ifVersion: 0 });
  expect(repeated.version).toBe(second?.version);
  expect((await state.get('a'))?.version).toBe(third.version);
  await state.delete('a', { writeId: 'd' });
  expect(await other.delete('a', { writeId: 'd' })).toBe(true);
});

test('of a document the ids of the last 64 writes are remembered', async () => {
  const redis = await startRedis();
  const state = new AgentState<number>(await readyManager(redis.url));
  for (let n = 0; n < 70; n++) await state.set('a', n, { writeId: `w${n}` });
  expect(await redis.cli('ZCARD', 'state:{a}:writes')).toBe('64');
  expect((await state.set('a', 0, { writeId: 'w6' })).version).toBeLessThan(
    (await state.get('a'))?.version as number,
  );
});

test('a change is tried again under contention within the deadline, and ends with the conflict past it', async () => {
  const redis = await startRedis();
  const state = new AgentState<number>(await readyManager(redis.url));
  await state.set('a', 0);
  let calls = 0;
  const disturbed = async (value = 0): Promise<number> => {
    if (++calls <= 3) await state.set('a', value + 100);
    return value + 1;
  };
  await state.update('a', disturbed);
  expect((await state.get('a'))?.value).toBe(301);
  const always = async (value = 0): Promise<number> => {
    await state.set('a', value + 1);
    return value;
  };
  const late = state.update('a', always, { deadlineMs: 200 });
  await expect(late).rejects.toMatchObject({ code: 'version-conflict', applied: 'no' });
  const failing = state.update('a', () => Promise.reject(new RangeError('no')));
  await expect(failing).rejects.toThrow(RangeError);
});

test('of changes by many at once, over connections that end at any moment, each is made exactly once', async () => {
  const redis = await startRedis();
  const proxies = await Promise.all([faultProxy({ target: redis.url }), faultProxy({ target: redis.url })]);
  const managers = await Promise.all(proxies.map(({ url }) => readyManager(url)));
  let run = 0;
  const cuts = fc.array(fc.record({ proxy: fc.nat(1), afterMs: fc.nat(15) }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), cuts, async (each, moments) => {
      const options = { prefix: `count${run++}`, deadlineMs: 30_000, keepVersions: 1000 };
      const states = managers.map((manager) => new AgentState<number>(manager, options));
      const writers = [...states, ...states].map(async (state) => {
        for (let n = 0; n < each; n++) await state.update('n', (value = 0) => value + 1);
      });
      for (const { proxy, afterMs } of moments) {
        await new Promise((resolve) => setTimeout(resolve, afterMs));
        proxies[proxy]?.reset();
      }
      await Promise.all(writers);
      const values = (await (states[0] as AgentState<number>).history('n', { limit: 1000 })).map(
        ({ value }) => value,
      );
      expect(values).toEqual(Array.from({ length: 4 * each }, (_, n) => 4 * each - n));
    }),
    { numRuns: 25 },
  );
});
