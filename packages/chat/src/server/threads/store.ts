import { randomBytes } from 'node:crypto';
import { type LogEntry, pause, type RedisManager } from '@taproot/redis';
import type { MessagePart } from '../../protocol/index.ts';
import type { User } from '../agent.ts';
import { type Authorize, ownerOnly, type ThreadAction } from '../auth/authorize.ts';
import { ChatError } from '../errors.ts';
import { type Answer, RunControl, type RunTarget, type Stopped } from '../runs/control.ts';
import { CareIndex, INDEX_WITHIN_MS } from './care-index.ts';
import { deleteThread, tombstoneOf } from './deletion.ts';
import { type ThreadKeys, threadKeys, userThreadsKey } from './keys.ts';
import { CREATE_THREAD, RENAME } from './scripts.ts';
import type { SearchPage, SearchQuery } from './search/search.ts';
import { ThreadIndex } from './search/thread-index.ts';
import { ThreadList } from './thread-list.ts';
import {
  infoOf,
  readRecord,
  type ThreadDetails,
  type ThreadInfo,
  type ThreadRecord,
} from './thread-record.ts';
import { cutTitle } from './title.ts';
import { type Accepted, type Actor, Turns, type TurnsOptions } from './turns.ts';

export type { ThreadDetails, ThreadInfo } from './thread-record.ts';

export interface ThreadStoreOptions extends TurnsOptions {
  /** @default ownerOnly */
  readonly authorize?: Authorize;
}

/** Threads, their messages and the intents of their runs, in Redis. Every method asks whether the user may. */
export class ThreadStore {
  readonly #manager: RedisManager;
  readonly #authorize: Authorize;
  readonly #turns: Turns;
  readonly #control: RunControl;
  readonly #care: CareIndex;
  readonly #index: ThreadIndex;
  readonly #list: ThreadList;

  constructor(options: ThreadStoreOptions) {
    this.#manager = options.manager;
    this.#authorize = options.authorize ?? ownerOnly;
    this.#turns = new Turns(options);
    this.#control = new RunControl(options.manager);
    this.#care = new CareIndex(options.manager);
    this.#index = new ThreadIndex(options.manager);
    this.#list = new ThreadList({
      manager: options.manager,
      index: this.#index,
      mayRead: (user, id, record) => this.#may(user, id, record, 'read'),
    });
  }

  /** The user's index is written first: a crash between leaves an entry that readers filter, never a lost thread. */
  async create(user: User, title = ''): Promise<ThreadDetails> {
    const id = `t${randomBytes(15).toString('base64url')}`;
    const keys = threadKeys(id);
    await Promise.all([
      this.#care.intend(id, INDEX_WITHIN_MS),
      this.#manager.call(['ZADD', userThreadsKey(user.id), String(Date.now()), id]),
    ]);
    await this.#manager.script(CREATE_THREAD, {
      keys: [keys.log.head, keys.meta],
      args: [randomBytes(10).toString('hex'), user.id, cutTitle(title)],
    });
    await this.#indexed(this.#index.refresh(id));
    return this.#details(id, readRecord(this.#manager, id));
  }

  /** Rejects `not-found` alike for a missing thread and somebody else's. */
  async get(user: User, id: string): Promise<ThreadDetails> {
    return this.#details(id, this.#meta(user, id, 'read'));
  }

  async #details(id: string, known: Promise<ThreadRecord>): Promise<ThreadDetails> {
    const keys = threadKeys(id);
    const [meta, head, open] = await Promise.all([
      known,
      this.#manager.log.head(keys.log),
      this.#manager.call(['LLEN', keys.queue]),
    ]);
    if (head === undefined) throw notFound();
    return { ...infoOf(id, meta, Number(open)), seq: head.seq, chain: head.chain, first: head.first };
  }

  /** The user's threads, last changed first. */
  list(user: User): Promise<ThreadInfo[]> {
    return this.#list.newest(user);
  }

  /** Those of the user's threads whose title or messages have all words of a query. Rejects `too-many-requests`. */
  search(user: User, query: SearchQuery): Promise<SearchPage<ThreadInfo>> {
    return this.#list.search(user, query);
  }

  async rename(user: User, id: string, title: string): Promise<ThreadDetails> {
    const keys = threadKeys(id);
    const { owner } = await this.#actor(user, id, 'write');
    const args = [owner, cutTitle(title)];
    await this.#care.intend(id, INDEX_WITHIN_MS);
    if ((await this.#manager.script(RENAME, { keys: [keys.meta], args })) !== 1) throw notFound();
    await this.#indexed(this.#index.refresh(id));
    return this.get(user, id);
  }

  /** Ends a thread and its open runs for good; attached sockets are told. */
  async delete(user: User, id: string): Promise<void> {
    const { owner } = await this.#actor(user, id, 'delete');
    await this.#care.intend(id, INDEX_WITHIN_MS);
    await deleteThread(this.#manager, owner, id);
    await this.#indexed(this.#index.remove(owner, id));
  }

  /** Whether a thread that has no log any more was deleted, and not lost. */
  async wasDeleted(id: string): Promise<boolean> {
    return (await tombstoneOf(this.#manager, id)) !== undefined;
  }

  /** Rejects `not-found` unless the user may do that with the thread: the one place where that is asked. */
  async authorize(user: User, id: string, action: ThreadAction = 'read'): Promise<ThreadKeys> {
    await this.#meta(user, id, action);
    return threadKeys(id);
  }

  /** Stores a message and the record of its run. Rejects `not-found`, `id-reused`, `queue-full`. */
  async send(user: User, thread: string, id: string, parts: readonly MessagePart[]): Promise<Accepted> {
    return this.#turns.send(await this.#actor(user, thread, 'write'), thread, id, parts);
  }

  /** A new message in the place of `of`. Rejects also `run-open`, `superseded`, `unknown-target`. */
  async edit(
    user: User,
    thread: string,
    id: string,
    of: string,
    parts: readonly MessagePart[],
  ): Promise<Accepted> {
    return this.#turns.edit(await this.#actor(user, thread, 'write'), thread, id, of, parts);
  }

  /** A new answer to the message `of`. Rejects as `edit`. */
  async regenerate(user: User, thread: string, id: string, of: string): Promise<Accepted> {
    return this.#turns.regenerate(await this.#actor(user, thread, 'write'), thread, id, of);
  }

  /** Ends an open run as `stopped`; of one that has ended, how it did. Rejects `not-found`, `unknown-target`. */
  async stop(user: User, thread: string, target: RunTarget): Promise<Stopped> {
    return this.#control.stop(await this.#actor(user, thread, 'write'), thread, target);
  }

  /** Answers a call that waits for the user. Rejects `not-found`, `unknown-target`, `not-waiting`. */
  async answer(user: User, thread: string, answer: Answer): Promise<{ readonly seq: number }> {
    return this.#control.answer(await this.#actor(user, thread, 'write'), thread, answer);
  }

  /** All entries of a thread's log, oldest first. */
  entries(thread: string): AsyncGenerator<LogEntry> {
    return this.#manager.log.readAll(threadKeys(thread).log);
  }

  /** After a change that is stored already, and that the sweep finds if this fails. */
  async #indexed(change: Promise<unknown>): Promise<void> {
    await Promise.race([change.catch(() => undefined), pause(100)]);
  }

  /** The user with the owner of the thread, whom scripts compare with the one who is stored: by default that is the user. */
  async #actor(user: User, id: string, action: ThreadAction): Promise<Actor> {
    if (this.#authorize === ownerOnly) return { user, owner: user.id };
    const { owner } = await this.#meta(user, id, action);
    return { user, owner: owner ?? '' };
  }

  async #meta(user: User, id: string, action: ThreadAction): Promise<ThreadRecord> {
    const meta = await readRecord(this.#manager, id);
    if (!(await this.#may(user, id, meta, action))) throw notFound();
    return meta;
  }

  async #may(user: User, id: string, { owner }: ThreadRecord, action: ThreadAction): Promise<boolean> {
    return owner !== undefined && (await this.#authorize(user, { id, owner }, action));
  }
}

function notFound(): ChatError {
  return new ChatError('not-found', 'There is no such thread');
}
