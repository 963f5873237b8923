import { type LogEntry, pause, type RedisManager } from '@taproot/redis';
import { ChatError } from '../errors.ts';
import { DISPATCH_CHANNEL, threadKeys } from './keys.ts';
import { DELETE } from './scripts.ts';

/** How long a deleted thread is known to have been deleted: 30 days. */
export const TOMBSTONE_MS: number = 30 * 24 * 3600 * 1000;
/** Messages that come while their thread is being deleted make it look again. */
const MAX_ATTEMPTS = 10;

/** What stays of a deleted thread. */
export interface Tombstone {
  /** Its owner. */
  readonly by: string;
  /** The last entries of its log: the ends of runs that were open. */
  readonly closing: readonly LogEntry[];
}

/** Ends a thread and its open runs for good, in one step. Rejects `not-found`. */
export async function deleteThread(manager: RedisManager, owner: string, thread: string): Promise<void> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const open = (await manager.call(['LRANGE', threadKeys(thread).queue, '0', '-1'])) as string[];
    const reply = await tryDelete(manager, owner, thread, open);
    if (reply === 'missing') throw new ChatError('not-found', 'There is no such thread');
    if (reply === 'ok') return tellWorkers(manager, thread, open);
  }
  throw new ChatError('run-open', 'New messages come faster than the thread can be deleted', {
    retryAfterMs: 1000,
  });
}

/** Undefined for a thread that was not deleted, or longer ago than a tombstone lasts. */
export async function tombstoneOf(manager: RedisManager, thread: string): Promise<Tombstone | undefined> {
  const fields = ['deletedAt', 'deletedBy', 'closing'];
  const reply = await manager.call(['HMGET', threadKeys(thread).meta, ...fields]);
  const [at, by, closing] = reply as (string | null)[];
  if (at == null) return undefined;
  // Lua writes an empty list as an object.
  const entries = closing == null || closing === '{}' ? [] : (JSON.parse(closing) as string[][]);
  return {
    by: by ?? '',
    closing: entries.map(([seq = '', chain = '', prev = '', body = '']) => ({
      seq: Number(seq),
      chain,
      prev,
      body,
    })),
  };
}

async function tryDelete(
  manager: RedisManager,
  owner: string,
  thread: string,
  open: readonly string[],
): Promise<unknown> {
  const keys = threadKeys(thread);
  const { stream, head, channel } = keys.log;
  const rest = [keys.ids, keys.queue, keys.turns, keys.runs, keys.outcomes, keys.snapshots];
  return manager.script(DELETE, {
    keys: [keys.meta, stream, head, ...rest, ...open.map((run) => keys.run(run))],
    args: [
      owner,
      channel,
      manager.deployment.publish,
      String(TOMBSTONE_MS),
      open.join(' '),
      ...open.map((run) => JSON.stringify({ run, data: { type: 'run-ended', outcome: 'stopped' } }).slice(1)),
    ],
  });
}

/** Their owners look, find the record gone and abort; without this they would with their next renewal. */
async function tellWorkers(manager: RedisManager, thread: string, runs: readonly string[]): Promise<void> {
  const told = runs.map((run) => manager.call(['PUBLISH', DISPATCH_CHANNEL, `${thread}/${run}`]));
  await Promise.race([Promise.allSettled(told), pause(100)]);
}
