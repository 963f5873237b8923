import {
  caughtUp,
  eventually,
  startCluster,
  startRedis,
  startSentinel,
  type TestRedis,
} from '@taproot/testkit';
import { type ConnectionOptions, Queue, QueueEvents, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { Loans } from '../../src/loans/index.ts';
import { lending, loansOn, onlyTheManagerIsLeft } from './support.ts';

const BULL = { owner: 'bullmq', purpose: 'BullMQ queue of mails' };
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'];

interface Mails {
  readonly lent: Redis;
  readonly queue: Queue;
  /** Of which jobs the worker has ended the work. */
  readonly done: Set<number>;
  close(): Promise<void>;
}

/** A queue, a worker and their events, all on one loan and what they duplicate of it. */
async function mailing(loans: Loans, prefix = 'bull'): Promise<Mails> {
  const lent = await loans.lend('ioredis', BULL);
  const connection: ConnectionOptions = lent;
  const done = new Set<number>();
  const options = { connection, prefix };
  const queue = new Queue('mails', options);
  const events = new QueueEvents('mails', options);
  const work = async ({ data }: { data: { n: number } }): Promise<void> => void done.add(data.n);
  // A job whose worker did not hear that it got it is given out again when its lock has ended.
  const stalled = { lockDuration: 2000, stalledInterval: 1000, maxStalledCount: 100 };
  const worker = new Worker('mails', work, { ...options, ...stalled, concurrency: 4 });
  // They tell of each outage; without a listener BullMQ prints it.
  queue.on('error', () => undefined);
  events.on('error', () => undefined);
  worker.on('error', () => undefined);
  const close = async (): Promise<void> => {
    await Promise.all([queue.close(), events.close(), worker.close()]);
    await lent.quit();
  };
  onTestFinished(close);
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady(), worker.waitUntilReady()]);
  return { lent, queue, done, close };
}

/** Mails go in before, in and after an outage, and all of them are worked on. */
async function mailThrough(
  { queue, done }: Mails,
  outage: { down(): Promise<unknown>; up?(): Promise<unknown> },
): Promise<void> {
  const add = (from: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        eventually(() => queue.add('mail', { n: from + i }), { timeoutMs: 40_000 }),
      ),
    );
  await add(0);
  await eventually(() => expect(done.size).toBeGreaterThan(5));
  await outage.down();
  const during = add(20);
  await outage.up?.();
  await during;
  await add(40);
  await eventually(() => expect(done.size).toBe(60), { timeoutMs: 30_000 });
  await eventually(async () => {
    const counts = await queue.getJobCounts('failed', 'active', 'waiting');
    expect(counts).toEqual({ failed: 0, active: 0, waiting: 0 });
  });
}

test('BullMQ works through a SIGKILL of Redis; closing it leaves the manager alone', async () => {
  const lent = await lending({ redis: await startRedis({ args: DURABLE }) });
  const mails = await mailing(lent.loans);
  // The lent client, the worker's blocking duplicate, and that of the events.
  expect(lent.loans.list()).toMatchObject([{ ...BULL, open: true, duplicates: 2 }]);
  await mailThrough(mails, { down: () => lent.redis.kill(), up: () => lent.redis.restart() });
  await mails.close();
  await onlyTheManagerIsLeft(lent);
});

test('BullMQ works through a failover of Sentinel', async () => {
  const sentinel = await startSentinel({ replicas: 1 });
  const loans = loansOn(sentinel.url);
  const mails = await mailing(loans);
  await mailThrough(mails, {
    down: async () => {
      // What was not replicated yet is lost with its master.
      const [master, replica] = sentinel.nodes as [TestRedis, TestRedis];
      await caughtUp(replica, master);
      await master.kill();
    },
  });
  const master = await sentinel.master();
  expect(master).not.toBe(sentinel.nodes[0]);
  await mails.close();
  await eventually(() => expect(loans.size).toBe(0));
});

test('BullMQ works on a Cluster, and after all its nodes were killed', async () => {
  const cluster = await startCluster({ args: DURABLE });
  const seeds = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const loans = loansOn(`redis+cluster://${seeds}`);
  const mails = await mailing(loans, '{bull}');
  await mailThrough(mails, {
    down: () => Promise.all(cluster.nodes.map((node) => node.kill())),
    up: () => Promise.all(cluster.nodes.map((node) => node.restart())),
  });
  await mails.close();
  await eventually(() => expect(loans.size).toBe(0));
});

test('closing the loans first, as a manager does, ends what a queue and a worker do', async () => {
  const lent = await lending();
  const { queue } = await mailing(lent.loans);
  await lent.loans.close();
  await expect(queue.add('mail', { n: 1 })).rejects.toThrow(/closed/i);
  await onlyTheManagerIsLeft(lent);
});
