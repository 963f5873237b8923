import type { RedisManager } from '@taproot/redis';
import { ChatError } from '../errors.ts';
import { type History, type HistoryQuery, readHistory } from './history.ts';
import { threadKeys } from './keys.ts';

/** Reads of history that one user may have under way at once (PROTOCOL.md §13). */
export const MAX_READS_OF_USER: number = 4;
const RETRY_AFTER_MS = 1000;

/** A process's reads of history: one of a thread at a time, equal ones shared, a few per user. */
export class HistoryReads {
  readonly #manager: RedisManager;
  readonly #shared = new Map<string, Promise<History | undefined>>();
  /** The last read of each thread that is being read. */
  readonly #lines = new Map<string, Promise<unknown>>();
  readonly #ofUser = new Map<string, number>();

  constructor(manager: RedisManager) {
    this.#manager = manager;
  }

  /** For a user who may read the thread. Rejects `too-many-requests`. Undefined if there is no message `before`. */
  async ofUser(user: string, thread: string, query: HistoryQuery): Promise<History | undefined> {
    const name = JSON.stringify([thread, query.limit, query.before]);
    const same = this.#shared.get(name);
    if (same !== undefined) return same;
    const others = this.#ofUser.get(user) ?? 0;
    if (others >= MAX_READS_OF_USER)
      throw new ChatError('too-many-requests', 'Too many pages of history are being read for you', {
        retryAfterMs: RETRY_AFTER_MS,
      });
    this.#ofUser.set(user, others + 1);
    const read = this.of(thread, query);
    this.#shared.set(name, read);
    try {
      return await read;
    } finally {
      this.#shared.delete(name);
      const left = (this.#ofUser.get(user) ?? 1) - 1;
      if (left === 0) this.#ofUser.delete(user);
      else this.#ofUser.set(user, left);
    }
  }

  /** For the server itself. */
  async of(thread: string, query: HistoryQuery): Promise<History | undefined> {
    const before = this.#lines.get(thread) ?? Promise.resolve();
    const read = before.then(() => readHistory(this.#manager, threadKeys(thread), query));
    const line = read.catch(() => undefined);
    this.#lines.set(thread, line);
    try {
      return await read;
    } finally {
      if (this.#lines.get(thread) === line) this.#lines.delete(thread);
    }
  }
}
