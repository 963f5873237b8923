import { randomBytes } from 'node:crypto';
import type { LogEntry, RedisManager } from '@taproot/redis';
import type { MessagePart } from '../../protocol/index.ts';
import type { User } from '../agent.ts';
import { ChatError } from '../errors.ts';
import { type Answer, RunControl, type RunTarget, type Stopped } from '../runs/control.ts';
import { type ThreadKeys, threadKeys, userThreadsKey } from './keys.ts';
import { CREATE_THREAD, DELETE, RENAME } from './scripts.ts';
import { cutTitle } from './title.ts';
import { type Accepted, Turns, type TurnsOptions } from './turns.ts';

/** A thread as its owner sees it (PROTOCOL.md, "Threads"). */
export interface ThreadInfo {
  readonly id: string;
  readonly title: string;
  /** `running` while a run is open, `waiting` while it waits for the user's answer. */
  readonly status: 'idle' | 'running' | 'waiting';
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A thread with the state of its log. */
export interface ThreadDetails extends ThreadInfo {
  readonly seq: number;
  readonly chain: string;
  readonly first: number;
}

/** How long a deleted thread is known to have been deleted: 30 days. */
const TOMBSTONE_MS = 30 * 24 * 3600 * 1000;
/** Threads listed at once, the most recent ones. */
const MAX_LISTED = 200;

/** Threads, their messages and the intents of their runs, in Redis. Every method checks that the thread is the user's. */
export class ThreadStore {
  readonly #manager: RedisManager;
  readonly #turns: Turns;
  readonly #control: RunControl;

  constructor(options: TurnsOptions) {
    this.#manager = options.manager;
    this.#turns = new Turns(options);
    this.#control = new RunControl(options.manager);
  }

  /** The user's index is written first: a crash between leaves an entry that readers filter, never a lost thread. */
  async create(user: User, title = ''): Promise<ThreadDetails> {
    const id = `t${randomBytes(15).toString('base64url')}`;
    const keys = threadKeys(id);
    await this.#touch(user, id);
    await this.#manager.script(CREATE_THREAD, {
      keys: [keys.log.head, keys.meta],
      args: [randomBytes(10).toString('hex'), user.id, cutTitle(title)],
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
    const args = [user.id, cutTitle(title)];
    if ((await this.#manager.script(RENAME, { keys: [keys.meta], args })) !== 1) throw notFound();
    return this.get(user, id);
  }

  /** Deletes a thread for good; attached sockets are told. Its open runs end with their record. */
  async delete(user: User, id: string): Promise<void> {
    const keys = threadKeys(id);
    const open = (await this.#manager.call(['LRANGE', keys.queue, '0', '-1'])) as string[];
    const { stream, head, channel } = keys.log;
    const rest = [keys.ids, keys.queue, keys.turns, keys.runs, keys.outcomes];
    const reply = await this.#manager.script(DELETE, {
      keys: [keys.meta, stream, head, ...rest, ...open.map((run) => keys.run(run))],
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

  /** Stores a message and the record of its run. Rejects `not-found`, `id-reused`, `queue-full`. */
  send(user: User, thread: string, id: string, parts: readonly MessagePart[]): Promise<Accepted> {
    return this.#turns.send(user, thread, id, parts);
  }

  /** A new message in the place of `of`. Rejects also `run-open`, `superseded`, `unknown-target`. */
  edit(user: User, thread: string, id: string, of: string, parts: readonly MessagePart[]): Promise<Accepted> {
    return this.#turns.edit(user, thread, id, of, parts);
  }

  /** A new answer to the message `of`. Rejects as `edit`. */
  regenerate(user: User, thread: string, id: string, of: string): Promise<Accepted> {
    return this.#turns.regenerate(user, thread, id, of);
  }

  /** Ends an open run as `stopped`; of one that has ended, how it did. Rejects `not-found`, `unknown-target`. */
  stop(user: User, thread: string, target: RunTarget): Promise<Stopped> {
    return this.#control.stop(user, thread, target);
  }

  /** Answers a call that waits for the user. Rejects `not-found`, `unknown-target`, `not-waiting`. */
  answer(user: User, thread: string, answer: Answer): Promise<{ readonly seq: number }> {
    return this.#control.answer(user, thread, answer);
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
    const fields = ['owner', 'title', 'createdAt', 'updatedAt', 'waiting'];
    const reply = await this.#manager.call(['HMGET', threadKeys(id).meta, ...fields]);
    const [owner, title, createdAt, updatedAt, waiting] = reply as (string | null)[];
    return {
      owner,
      title: title ?? '',
      createdAt: Number(createdAt),
      updatedAt: Number(updatedAt),
      waiting: waiting != null,
    };
  }
}

interface Meta {
  readonly owner: string | null | undefined;
  readonly title: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly waiting: boolean;
}

function info(id: string, meta: Meta, open: number): ThreadInfo {
  const { title, createdAt, updatedAt, waiting } = meta;
  return { id, title, status: waiting ? 'waiting' : open > 0 ? 'running' : 'idle', createdAt, updatedAt };
}

function notFound(): ChatError {
  return new ChatError('not-found', 'There is no such thread');
}
