import type { RedisManager } from '@taproot/redis';
import type { User } from '../agent.ts';
import { ChatError } from '../errors.ts';
import { threadKeys, userKeys } from './keys.ts';
import { type SearchPage, type SearchQuery, search } from './search/search.ts';
import type { ThreadIndex } from './search/thread-index.ts';
import { infoOf, readRecord, type ThreadInfo, type ThreadRecord } from './thread-record.ts';

/** Threads listed at once, the most recent ones. */
const MAX_LISTED = 200;
/** A thread that is being made is in the index first. */
const BEING_MADE_MS = 60_000;
/** Searches of one user that one process has under way. */
const MAX_SEARCHES = 2;

export interface ThreadListOptions {
  readonly manager: RedisManager;
  readonly index: ThreadIndex;
  /** Whether the user may read the thread. */
  readonly mayRead: (user: User, id: string, record: ThreadRecord) => Promise<boolean>;
}

/** A user's threads, as the index has them and as they are. */
export class ThreadList {
  readonly #options: ThreadListOptions;
  readonly #searches = new Map<string, number>();

  constructor(options: ThreadListOptions) {
    this.#options = options;
  }

  /** The last changed first. */
  async newest(user: User): Promise<ThreadInfo[]> {
    const { threads } = userKeys(user.id);
    const range = ['ZRANGE', threads, '0', String(MAX_LISTED - 1), 'REV', 'WITHSCORES'];
    const reply = (await this.#options.manager.call(range)) as [string, number][];
    const found = await Promise.all(reply.map(([id, at]) => this.#shown(user, id, at)));
    const infos = found.flatMap((one) => (one === undefined ? [] : [one.thread]));
    return infos.sort((a, b) => b.updatedAt - a.updatedAt);
  }

  /** Rejects `too-many-requests` while other searches of the user are under way. */
  async search(user: User, query: SearchQuery): Promise<SearchPage<ThreadInfo>> {
    const { manager, index } = this.#options;
    const others = this.#searches.get(user.id) ?? 0;
    if (others >= MAX_SEARCHES)
      throw new ChatError('too-many-requests', 'Another search of yours is under way', {
        retryAfterMs: 1000,
      });
    this.#searches.set(user.id, others + 1);
    try {
      const describe = (id: string) => this.#shown(user, id);
      return await search({ manager, index, describe }, user.id, query);
    } finally {
      const left = (this.#searches.get(user.id) ?? 1) - 1;
      if (left === 0) this.#searches.delete(user.id);
      else this.#searches.set(user.id, left);
    }
  }

  /** A thread as it is now; undefined if the user may not see it. `at`: its last change, as the index has it. */
  async #shown(
    user: User,
    id: string,
    at = Number.POSITIVE_INFINITY,
  ): Promise<{ version: string; thread: ThreadInfo } | undefined> {
    const { manager, index, mayRead } = this.#options;
    const [record, open] = await Promise.all([
      readRecord(manager, id),
      manager.call(['LLEN', threadKeys(id).queue]),
    ]);
    // Deleted, or lost: it must not fill the list for good.
    if (record.owner === undefined && at < Date.now() - BEING_MADE_MS) await index.remove(user.id, id);
    if (record.owner !== user.id || !(await mayRead(user, id, record))) return undefined;
    return { version: record.version, thread: infoOf(id, record, Number(open)) };
  }
}
