import { TestkitError } from './errors.ts';
import { type EventuallyOptions, eventually } from './eventually.ts';
import type { TestRedis } from './redis.ts';

/**
 * Resolves when a replica has all that its master had when it was asked. WAIT does not tell: it speaks of the writes of the
 * connection that asks.
 */
export async function caughtUp(
  replica: TestRedis,
  master: TestRedis,
  options: EventuallyOptions = { timeoutMs: 30_000 },
): Promise<void> {
  const wanted = await figure(master, 'master_repl_offset');
  await eventually(async () => {
    const replication = await replica.cli('INFO', 'replication');
    const offset = await figure(replica, 'slave_repl_offset');
    if (!(replication.includes('master_link_status:up') && offset >= wanted))
      throw new TestkitError('not-true', `node ${replica.port} is at ${offset} of ${wanted}`);
  }, options);
}

async function figure(node: TestRedis, name: string): Promise<number> {
  const replication = await node.cli('INFO', 'replication');
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(replication)?.[1] ?? Number.NaN);
}
