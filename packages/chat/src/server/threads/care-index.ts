import { defineScript, type RedisManager, type Script } from '@taproot/redis';
import { careKey, PENDING_PARTITIONS, pendingPartition } from './keys.ts';

/** KEYS index; ARGV thread due new, where new is '' to forget the thread. Replies 0 if it is not due at that time any more. */
export const RESCHEDULE: Script = defineScript(
  'care.reschedule',
  `
if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('ZREM', KEYS[1], ARGV[1]) else redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1]) end
return 1`,
);

/** When somebody looks whether a change of a thread reached the index of its user, whoever made it and died. */
export const INDEX_WITHIN_MS = 60_000;

/** A thread and when it is due, as Redis has it. */
export interface Due {
  readonly thread: string;
  readonly at: string;
}

/** All threads, by when somebody should look after them. Clocks may differ: it is early or late then, and no more. */
export class CareIndex {
  readonly #manager: RedisManager;

  constructor(manager: RedisManager) {
    this.#manager = manager;
  }

  /** Before a change that touches other slots too: whatever a crash leaves undone is found after `inMs`. */
  async intend(thread: string, inMs: number): Promise<void> {
    await this.#manager.call(['ZADD', keyOf(thread), time(inMs), thread]);
  }

  async of(thread: string): Promise<Due | undefined> {
    const at = await this.#manager.call(['ZSCORE', keyOf(thread), thread]);
    return at === null ? undefined : { thread, at: String(at) };
  }

  /** Those that are due, the longest first, at most so many of each partition that Redis can read. */
  async due(limit: number): Promise<Due[]> {
    const partitions = Array.from({ length: PENDING_PARTITIONS }, (_, index) => index);
    const found = await Promise.allSettled(partitions.map((partition) => this.#read(partition, limit)));
    return found.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  }

  /** Unless it was changed since: false then. Without a time the thread is forgotten. */
  async reschedule({ thread, at }: Due, inMs: number | undefined): Promise<boolean> {
    const next = inMs === undefined ? '' : time(inMs);
    const args = [thread, at, next];
    return (await this.#manager.script(RESCHEDULE, { keys: [keyOf(thread)], args })) === 1;
  }

  async #read(partition: number, limit: number): Promise<Due[]> {
    const range = ['ZRANGE', careKey(partition), '-inf', time(0), 'BYSCORE', 'LIMIT', '0', String(limit)];
    const threads = (await this.#manager.call(range)) as string[];
    const due = await Promise.all(threads.map((thread) => this.of(thread)));
    return due.filter((one) => one !== undefined);
  }
}

function time(inMs: number): string {
  return String(Date.now() + Math.ceil(inMs));
}

function keyOf(thread: string): string {
  return careKey(pendingPartition(thread));
}
