import type { RedisManager } from '@taproot/redis';
import { PENDING_PARTITIONS, pendingKey, threadKeys } from '../threads/keys.ts';

/** Open runs of the whole deployment. */
export interface RunCensus {
  /** All of them. */
  readonly open: number;
  /** Of those that were looked at, the oldest of each partition. */
  readonly looked: number;
  readonly queued: number;
  readonly running: number;
  readonly waiting: number;
}

/** Runs that are looked at, so that a count costs the same however many there are. */
const MAX_LOOKED = 480;
const OF_EACH = Math.floor(MAX_LOOKED / PENDING_PARTITIONS);

/** Counts open runs by their state. */
export async function countRuns(manager: RedisManager): Promise<RunCensus> {
  const keys = Array.from({ length: PENDING_PARTITIONS }, (_, partition) => pendingKey(partition));
  const sizes = await Promise.all(keys.map((key) => manager.call(['ZCARD', key])));
  const pages = await Promise.all(
    keys.map((key) => manager.call(['ZRANGE', key, '0', String(OF_EACH - 1)]) as Promise<string[]>),
  );
  const states = await Promise.all(pages.flat().map((name) => stateOf(manager, name)));
  const count = (state: string): number => states.filter((one) => one === state).length;
  return {
    open: sizes.reduce<number>((sum, size) => sum + Number(size), 0),
    looked: states.length,
    queued: count('queued'),
    running: count('running'),
    waiting: count('waiting'),
  };
}

async function stateOf(manager: RedisManager, name: string): Promise<unknown> {
  const [thread = '', run = ''] = name.split('/');
  return manager.call(['HGET', threadKeys(thread).run(run), 'state']);
}
