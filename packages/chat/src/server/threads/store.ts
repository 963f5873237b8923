import { createHash, randomBytes } from 'node:crypto';
import { type LogEntry, pause, type RedisManager } from '@taproot/redis';
import type { MessagePart } from '../../protocol/index.ts';
import type { User } from '../agent.ts';
import { ChatError } from '../errors.ts';
import {
  DISPATCH_CHANNEL,
  pendingKey,
  pendingPartition,
  type ThreadKeys,
  threadKeys,
  userThreadsKey,
} from './keys.ts';
import { CREATE_THREAD, DELETE, RENAME, SEND } from './scripts.ts';

/** A thread as its owner sees it (PROTOCOL.md, "Threads"). */
export interface ThreadInfo {
  readonly id: string;
  readonly title: string;
  /** `running` while a run is open. */
  readonly status: 'idle' | 'running';
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A thread with the state of its log. */
export interface ThreadDetails extends ThreadInfo {
  readonly seq: number;
  readonly chain: string;
  readonly first: number;
}

/** What `accepted` says. */
export interface Accepted {
  readonly seq: number;
  readonly run: string;
}

export interface ThreadStoreOptions {
  readonly manager: RedisManager;
  /** Runs of one thread that may wait behind the one at work. */
  readonly maxQueuedRuns: number;
}

const TITLE_LENGTH = 80;
/** How long a deleted thread is known to have been deleted: 30 days. */
const TOMBSTONE_MS = 30 * 24 * 3600 * 1000;
/** Threads listed at once, the most recent ones. */
const MAX_LISTED = 200;

/** Threads, their messages and the intents of their runs, in Redis. Every method checks that the thread is the user's. */
export class ThreadStore {
  readonly #manager: RedisManager;
  readonly #maxQueuedRuns: number;

  constructor({ manager, maxQueuedRuns }: ThreadStoreOptions) {
    this.#manager = manager;
    this.#maxQueuedRuns = maxQueuedRuns;
  }

  /** The user's index is written first: a crash between leaves an entry that readers filter, never a lost thread. */
  async create(user: User, title = ''): Promise<ThreadDetails> {
    const id = `t${randomBytes(15).toString('base64url')}`;
    const keys = threadKeys(id);
    await this.#touch(user, id);
    await this.#manager.script(CREATE_THREAD, {
      keys: [keys.log.head, keys.meta],
      args: [randomBytes(10).toString('hex'), user.id, title.slice(0, TITLE_LENGTH)],
    });
    return this.get(user, id);
  }

  /** Rejects `not-found` alike for a missing thread and somebody else's. */
  async get(user: User, id: string): Promise<ThreadDetails> {
    const keys = threadKeys(id);
    const [meta, head, open] = await Promise.all([
      this.#meta(user, id),
      this.#manager.log.head(keys.log),
      this.#manager.call(['LLEN', keys.queue]),
    ]);
    if (head === undefined) throw notFound();
    return { ...info(id, meta, Number(open)), seq: head.seq, chain: head.chain, first: head.first };
  }

  /** The user's threads, last changed first. */
  async list(user: User): Promise<ThreadInfo[]> {
    const range = ['ZRANGE', userThreadsKey(user.id), '0', String(MAX_LISTED - 1), 'REV'];
    const ids = (await this.#manager.call(range)) as string[];
    const threads = await Promise.all(
      ids.map(async (id) => {
        const keys = threadKeys(id);
        const [meta, open] = await Promise.all([this.#fields(id), this.#manager.call(['LLEN', keys.queue])]);
        return meta.owner === user.id ? info(id, meta, Number(open)) : undefined;
      }),
    );
    return threads.filter((thread) => thread !== undefined).sort((a, b) => b.updatedAt - a.updatedAt);
  }

  async rename(user: User, id: string, title: string): Promise<ThreadDetails> {
    const keys = threadKeys(id);
    const args = [user.id, title.slice(0, TITLE_LENGTH)];
    if ((await this.#manager.script(RENAME, { keys: [keys.meta], args })) !== 1) throw notFound();
    return this.get(user, id);
  }

  /** Deletes a thread for good; attached sockets are told. Its open runs end with their record. */
  async delete(user: User, id: string): Promise<void> {
    const keys = threadKeys(id);
    const open = (await this.#manager.call(['LRANGE', keys.queue, '0', '-1'])) as string[];
    const { stream, head, channel } = keys.log;
    const reply = await this.#manager.script(DELETE, {
      keys: [keys.meta, stream, head, keys.ids, keys.queue, ...open.map((run) => keys.run(run))],
      args: [user.id, channel, this.#manager.deployment.publish, String(TOMBSTONE_MS)],
    });
    if (reply !== 1) throw notFound();
    await this.#manager.call(['ZREM', userThreadsKey(user.id), id]);
  }

  /** Whether a thread that has no log any more was deleted, and not lost. */
  async wasDeleted(id: string): Promise<boolean> {
    return (await this.#manager.call(['HEXISTS', threadKeys(id).meta, 'deletedAt'])) === 1;
  }

  /** Who may read and write a thread: its owner. The one place where that is decided. */
  async authorize(user: User, id: string): Promise<ThreadKeys> {
    await this.#meta(user, id);
    return threadKeys(id);
  }

  /**
   * Stores a message and the record of its run; then both survive whatever happens. The intent goes into the pending
   * index first, because a script touches one slot only: an intent without a run is swept, a run without an intent cannot be.
   */
  async send(user: User, thread: string, id: string, parts: readonly MessagePart[]): Promise<Accepted> {
    const keys = threadKeys(thread);
    const run = `r${randomBytes(12).toString('base64url')}`;
    const text = parts.map((part) => part.text).join('\n');
    const pending = pendingKey(pendingPartition(thread));
    await this.#manager.call(['ZADD', pending, String(Date.now()), `${thread}/${run}`]);
    const reply = (await this.#manager.script(SEND, {
      keys: [keys.log.stream, keys.log.head, keys.meta, keys.ids, keys.queue, keys.run(run)],
      args: [
        keys.log.channel,
        this.#manager.deployment.publish,
        JSON.stringify({ run, data: { type: 'user-message', id, parts } }).slice(1),
        user.id,
        `${user.id} ${id}`,
        digest(parts),
        run,
        String(this.#maxQueuedRuns + 1),
        titleOf(text),
        JSON.stringify({ id, parts }),
        JSON.stringify(user),
      ],
    })) as string[];
    await this.#afterSend(user, thread, run, reply[0] === 'ok', pending);
    return acceptedFromReply(reply);
  }

  /** What follows a stored message, or a refused one, is found by the sweep as well; its failure takes nothing back. */
  async #afterSend(user: User, thread: string, run: string, stored: boolean, pending: string): Promise<void> {
    const work = stored
      ? [this.#manager.call(['PUBLISH', DISPATCH_CHANNEL, `${thread}/${run}`]), this.#touch(user, thread)]
      : [this.#manager.call(['ZREM', pending, `${thread}/${run}`])];
    // Answering must not wait for Redis once the message is stored.
    await Promise.race([Promise.allSettled(work), pause(100)]);
  }

  /** All entries of a thread's log, oldest first. */
  entries(thread: string): AsyncGenerator<LogEntry> {
    return this.#manager.log.readAll(threadKeys(thread).log);
  }

  async #touch(user: User, thread: string): Promise<void> {
    await this.#manager.call(['ZADD', userThreadsKey(user.id), String(Date.now()), thread]);
  }

  async #meta(user: User, id: string): Promise<Meta> {
    const meta = await this.#fields(id);
    if (meta.owner !== user.id) throw notFound();
    return meta;
  }

  async #fields(id: string): Promise<Meta> {
    const fields = ['owner', 'title', 'createdAt', 'updatedAt'];
    const reply = await this.#manager.call(['HMGET', threadKeys(id).meta, ...fields]);
    const [owner, title, createdAt, updatedAt] = reply as (string | null)[];
    return { owner, title: title ?? '', createdAt: Number(createdAt), updatedAt: Number(updatedAt) };
  }
}

interface Meta {
  readonly owner: string | null | undefined;
  readonly title: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

function info(id: string, meta: Meta, open: number): ThreadInfo {
  const { title, createdAt, updatedAt } = meta;
  return { id, title, status: open > 0 ? 'running' : 'idle', createdAt, updatedAt };
}

function acceptedFromReply([status, seq, run]: readonly string[]): Accepted {
  switch (status) {
    case 'ok':
    case 'dup':
      return { seq: Number(seq), run: run ?? '' };
    case 'reused':
      throw new ChatError('id-reused', 'This id was used for another message');
    case 'full':
      throw new ChatError('queue-full', 'Too many messages of this thread wait for an answer', {
        retryAfterMs: 2000,
      });
    default:
      throw notFound();
  }
}

function notFound(): ChatError {
  return new ChatError('not-found', 'There is no such thread');
}

function digest(parts: readonly MessagePart[]): string {
  const content = parts.map(({ type, text }) => [type, text]);
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, 22);
}

/** A thread is named after its first message until its owner names it. */
function titleOf(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= TITLE_LENGTH ? line : `${line.slice(0, TITLE_LENGTH - 1)}…`;
}
