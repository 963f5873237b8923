import { randomBytes } from 'node:crypto';
import { RedisManagerError } from '../errors.ts';
import type { RedisManager } from '../manager.ts';
import {
  entriesFromReply,
  headFromReply,
  type LogEntry,
  type LogHead,
  type LogKeys,
  type LogPosition,
} from './entry.ts';
import { Feed } from './feed.ts';
import { APPEND, CREATE } from './lua.ts';
import { type TailItem, type TailOptions, tail } from './tail.ts';

/** What an append carries. */
export interface AppendInput {
  /** The entry's JSON object; `at` is put before its members. */
  readonly data: Readonly<Record<string, unknown>>;
  /**
   * Refuse unless the hash `key` holds this `fence` and the producer's own `n` (1, 2, 3, …) is the last one, which is remembered,
   * or follows it: after a rollback a producer must not go on behind what was lost. None while its `state` is `ended`.
   */
  readonly guard?: { readonly key: string; readonly fence: number; readonly n: number };
  /** Append once per `id`: the hash `key` remembers it with a digest of the content. */
  readonly once?: { readonly key: string; readonly id: string; readonly digest: string };
  readonly deadlineMs?: number;
}

/** Where an entry was stored. */
export interface Appended extends LogPosition {
  /** It had been stored before, by the same `guard` or `once`. */
  readonly duplicate: boolean;
}

const PAGE = 256;
/** Entries of a page that is read backwards, and the bytes that it aims at. */
const BACK_PAGE = { min: 8, max: 64, bytes: 512 * 1024 } as const;

/**
 * Append-only logs in Redis Streams: `seq` 1, 2, 3, … without holes, a hash chain over all entries, fences, idempotent
 * appends, and tails that merge history and live.
 */
export class DurableLog {
  readonly #manager: RedisManager;
  readonly #feeds = new Map<string, Feed>();

  constructor(manager: RedisManager) {
    this.#manager = manager;
  }

  /** Makes the log unless it exists. */
  async create(keys: LogKeys): Promise<LogHead> {
    const origin = randomBytes(10).toString('hex');
    const reply = await this.#manager.script(CREATE, { keys: [keys.head], args: [origin] });
    const head = headFromReply(reply);
    if (head === undefined) throw missing(keys);
    return head;
  }

  /** Appends one entry. Rejects `fence` (another owner, or a lost `n`), `id-reused`, `log-missing`. */
  async append(keys: LogKeys, input: AppendInput): Promise<Appended> {
    const { guard, once } = input;
    const mode = guard
      ? ['guard', String(guard.fence), String(guard.n)]
      : once
        ? ['once', once.id, once.digest]
        : ['plain'];
    const extra = guard?.key ?? once?.key;
    const reply = (await this.#manager.script(
      APPEND,
      {
        keys: [keys.stream, keys.head, ...(extra === undefined ? [] : [extra])],
        args: [keys.channel, this.#manager.deployment.publish, bodyRest(input.data), ...mode],
      },
      input.deadlineMs === undefined ? {} : { deadlineMs: input.deadlineMs },
    )) as string[];
    return appendedFromReply(reply, keys);
  }

  async head(keys: LogKeys): Promise<LogHead | undefined> {
    return headFromReply(await this.#manager.call(['HMGET', keys.head, 'seq', 'chain', 'first', 'origin']));
  }

  /** Entries from `from` on, oldest first, at most `limit`. */
  async read(keys: LogKeys, from: number, limit: number = PAGE): Promise<LogEntry[]> {
    const range = ['XRANGE', keys.stream, `${Math.max(from, 1)}-0`, '+', 'COUNT', String(limit)];
    return entriesFromReply(await this.#manager.call(range));
  }

  /** All entries from `from` on, page by page. */
  async *readAll(keys: LogKeys, from = 1): AsyncGenerator<LogEntry> {
    for (let next = from; ; ) {
      const page = await this.read(keys, next);
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      next = last.seq + 1;
    }
  }

  /** All entries down from `from`, or from the newest one, newest first. Pages are small, because entries may be large. */
  async *readBack(keys: LogKeys, from?: number): AsyncGenerator<LogEntry> {
    let count: number = BACK_PAGE.min;
    for (let next = from; next === undefined || next > 0; ) {
      const start = next === undefined ? '+' : `${next}-0`;
      const range = ['XREVRANGE', keys.stream, start, '-', 'COUNT', String(count)];
      const page = entriesFromReply(await this.#manager.call(range));
      yield* page;
      const oldest = page.at(-1);
      if (oldest === undefined || page.length < count) return;
      next = oldest.seq - 1;
      const bytes = page.reduce((sum, { body }) => sum + body.length, 0);
      count = Math.min(Math.max(Math.floor((count * BACK_PAGE.bytes) / bytes), 1), count * 2, BACK_PAGE.max);
    }
  }

  /** Follows a log without a hole: first where it stands, then every entry, live; ends with `signal`. See {@link TailItem}. */
  tail(keys: LogKeys, options: TailOptions): AsyncGenerator<TailItem> {
    return tail(this, keys, options);
  }

  /** One feed per log, shared by its tails. */
  feed(keys: LogKeys): Feed {
    let feed = this.#feeds.get(keys.channel);
    if (feed === undefined) {
      feed = new Feed(this.#manager, keys, () => this.#feeds.delete(keys.channel));
      this.#feeds.set(keys.channel, feed);
    }
    return feed;
  }
}

/** The JSON of an entry's members as the scripts take it: without the opening brace. Throws `codec` for what is no object, or no JSON. */
export function bodyRest(data: Readonly<Record<string, unknown>>): string {
  const json = asJson(data);
  // Of callers without types: nobody could read the log past such an entry.
  if (json?.startsWith('{')) return json.slice(1);
  throw new RedisManagerError('An entry of a log is an object that JSON can hold', {
    code: 'codec',
    retryable: false,
    applied: 'no',
  });
}

function asJson(data: unknown): string | undefined {
  try {
    return JSON.stringify(data);
  } catch {
    return undefined;
  }
}

/** Reads the reply of a script that appended: `{status, seq, chain}`. */
export function appendedFromReply(reply: readonly string[], keys: LogKeys): Appended {
  const [status, seq, chain] = reply;
  switch (status) {
    case 'ok':
    case 'dup':
      return { seq: Number(seq), chain: chain ?? '', duplicate: status === 'dup' };
    case 'fence':
      throw new RedisManagerError(`The log has another owner by now (fence ${seq})`, refused('fence'));
    case 'reused':
      throw new RedisManagerError('The id was used before with other content', refused('id-reused'));
    default:
      throw missing(keys);
  }
}

function refused(
  code: 'fence' | 'id-reused' | 'log-missing',
): ConstructorParameters<typeof RedisManagerError>[1] {
  return { code, retryable: false, applied: 'no' };
}

function missing(keys: LogKeys): RedisManagerError {
  return new RedisManagerError(`There is no log ${keys.stream}`, refused('log-missing'));
}
