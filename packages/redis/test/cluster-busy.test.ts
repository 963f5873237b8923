import { performance } from 'node:perf_hooks';
import { eventually } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { ClusterMonitor } from '../src/cluster/cluster-monitor.ts';
import type { ClusterMaster } from '../src/cluster/master.ts';
import type { SlotMap } from '../src/cluster/slot-map.ts';
import { RedisManagerError } from '../src/errors.ts';
import { HealthBoard } from '../src/health.ts';

const PASSED = { connect: { ok: true }, write: { ok: true }, read: { ok: true }, pubsub: { ok: true } };
const LATE = new RedisManagerError('did not answer', {
  code: 'timeout',
  retryable: false,
  applied: 'unknown',
});

/** A monitor of one master that is well, whose later looks are `recheck`; and the states that it tells. */
function watched(recheck: () => Promise<void>): { readonly states: string[] } {
  const ofMaster = new HealthBoard();
  ofMaster.set('ready', PASSED);
  const master = { node: 'a:1', board: ofMaster } as unknown as ClusterMaster;
  const board = new HealthBoard();
  const states: string[] = [];
  board.on(({ state }) => states.push(state));
  const monitor = new ClusterMonitor({
    board,
    map: { owners: [master], uncovered: 0 } as unknown as SlotMap,
    intervalMs: 50,
    preparation: { server: async () => undefined, deployment: async () => undefined, recheck },
  });
  onTestFinished(() => monitor.stop());
  monitor.start();
  return { states };
}

/** As a long computation of the program does. */
function holdUp(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

test('an answer that a busy process left unread does not make the Cluster degraded', async () => {
  let looks = 0;
  const { states } = watched(async () => {
    looks++;
    if (looks > 3) return;
    holdUp(100);
    throw LATE;
  });
  await eventually(() => expect(looks).toBeGreaterThan(4));
  expect(states).toEqual(['ready']);
});

test('an idle process that gets no answer calls it degraded, and so does in the end one that is always busy', async () => {
  const idle = watched(async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    throw LATE;
  });
  await eventually(() => expect(idle.states).toEqual(['ready', 'degraded']));
  const busy = watched(async () => {
    holdUp(50);
    throw LATE;
  });
  await eventually(() => expect(busy.states).toEqual(['ready', 'degraded']));
});
