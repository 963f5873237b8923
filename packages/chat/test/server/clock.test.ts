import { eventually } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { threadKeys } from '../../src/server/threads/keys.ts';
import {
  ask,
  type Deployment,
  logOf,
  startDeployment,
  typesIn,
  untilOutcomes,
} from './support/deployment.ts';
import { HeldAgent } from './support/held-agent.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A thread whose only worker is gone, and the record of the run that it left. */
async function setScene(deployment: Deployment): Promise<{ thread: string; record: string }> {
  const lost = new HeldAgent();
  const first = await deployment.server(lost.agent);
  const thread = await ask(first);
  await eventually(async () => expect(typesIn(await logOf(first, thread))).toContain('text-delta'));
  const [logged] = await logOf(first, thread);
  await first.manager.close();
  return { thread, record: threadKeys(thread).run(logged?.run ?? '') };
}

/** Moves the times of a record, as if the clock of Redis had gone back since they were written. */
async function setBack({ redis }: Deployment, record: string, ms: number): Promise<void> {
  for (const field of ['leaseUntil', 'startedAt', 'queuedAt']) {
    const at = Number(JSON.parse(await redis.cli('HGET', record, field)));
    await redis.cli('HSET', record, field, String(at + ms));
  }
}

test.each([HOUR_MS, 40 * DAY_MS])(
  'a lost run is taken over after one lease, also if the clock of Redis was set back by %i ms',
  async (ms) => {
    const deployment = await startDeployment();
    const { thread, record } = await setScene(deployment);
    await setBack(deployment, record, ms);
    const heir = new HeldAgent();
    heir.release();
    const member = await deployment.server(heir.agent);
    await untilOutcomes(member, thread, ['done']);
    expect(heir.begun).toHaveLength(1);
    expect(typesIn(await logOf(member, thread))).toContain('run-resumed');
  },
);

test('a run that is past its deadline ends, whoever seems to hold it', async () => {
  const deployment = await startDeployment();
  const { thread, record } = await setScene(deployment);
  await deployment.redis.cli('HSET', record, 'leaseUntil', String(Date.now() + HOUR_MS), 'startedAt', '1');
  // The word of another worker whose leases are that long.
  await deployment.redis.cli('HSET', record, 'leaseMs', String(HOUR_MS));
  const member = await deployment.server(new HeldAgent().agent);
  await untilOutcomes(member, thread, ['error deadline']);
});

test("a lease is as long as its owner's word, whatever another worker's leases are", async () => {
  const deployment = await startDeployment();
  const held = new HeldAgent();
  const owner = await deployment.server(held.agent, { leaseMs: 60_000, maxRuns: 1 });
  const thread = await ask(owner);
  await eventually(() => expect(held.begun).toHaveLength(1));
  const [logged] = await logOf(owner, thread);
  const second = await ask(owner);
  const free = new HeldAgent();
  free.release();
  // Its first sweep finds both.
  const other = await deployment.server(free.agent, { leaseMs: 300 });
  await untilOutcomes(other, second, ['done']);
  const record = threadKeys(thread).run(logged?.run ?? '');
  const until = Number(JSON.parse(await deployment.redis.cli('HGET', record, 'leaseUntil')));
  expect(until - Date.now()).toBeGreaterThan(10_000);
  held.release();
  await untilOutcomes(owner, thread, ['done']);
});

test('a deadline longer than a timer can be is none at once', async () => {
  const deployment = await startDeployment();
  const held = new HeldAgent();
  const member = await deployment.server(held.agent, { runDeadlineMs: 40 * DAY_MS });
  const thread = await ask(member);
  await eventually(async () => expect(typesIn(await logOf(member, thread))).toContain('text-delta'));
  held.release();
  await untilOutcomes(member, thread, ['done']);
});
