import type { RedisManager } from '@taproot/redis';
import { ChatError } from '../../errors.ts';
import { userKeys } from '../keys.ts';
import { type Match, matchOf, type SearchDocument } from './document.ts';
import { SEARCH } from './scripts.ts';
import type { ThreadIndex } from './thread-index.ts';
import { wordsOf } from './words.ts';

/** Words of a query that count. */
const MAX_QUERY_WORDS = 8;
/** Threads that one script looks at, so that Redis does nothing else for two milliseconds at most, and one page in all. */
const THREADS_AT_ONCE = 200;
const MAX_SCANNED = 10_000;

export interface SearchQuery {
  readonly text: string;
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: string | undefined;
}

/** A thread as it is now. */
export interface Described<T> {
  readonly version: string;
  readonly thread: T;
}

export interface SearchPage<T> {
  readonly threads: readonly (T & { readonly match: Match })[];
  /** There may be more, and this is where. */
  readonly next?: string;
}

export interface SearchOptions<T> {
  readonly manager: RedisManager;
  readonly index: ThreadIndex;
  /** Undefined for what the user may not see, or what is gone. */
  readonly describe: (thread: string) => Promise<Described<T> | undefined>;
}

/** Threads of a user that have all words of a query in their titles and messages, the last changed first. */
export async function search<T>(
  options: SearchOptions<T>,
  user: string,
  { text, limit, after }: SearchQuery,
): Promise<SearchPage<T>> {
  const query = [...new Set(wordsOf(text).map(({ word }) => word))].slice(0, MAX_QUERY_WORDS);
  const threads: (T & { match: Match })[] = [];
  let cursor = after === undefined ? START : cursorOf(after);
  for (let scanned = 0; query.length > 0 && scanned < MAX_SCANNED; scanned += THREADS_AT_ONCE) {
    const { found, end } = await look(options.manager, user, query, cursor, limit - threads.length);
    const shown = await Promise.all(found.map((one) => verified(options, one, query)));
    threads.push(...shown.filter((one) => one !== undefined));
    if (end === undefined) return { threads };
    cursor = end;
    if (threads.length >= limit) break;
  }
  return query.length === 0 ? { threads } : { threads, next: `${cursor.at}.${cursor.thread}` };
}

interface Cursor {
  readonly at: string;
  readonly thread: string;
}
const START: Cursor = { at: '', thread: '' };

interface Found {
  readonly thread: string;
  readonly stored: string;
}

function cursorOf(text: string): Cursor {
  const [, at = '', thread = ''] = /^(\d{1,16})\.([A-Za-z0-9_-]{1,64})$/.exec(text) ?? [];
  if (thread === '') throw new ChatError('bad-request', 'after: is not a `next` of this search');
  return { at, thread };
}

async function look(
  manager: RedisManager,
  user: string,
  query: readonly string[],
  { at, thread }: Cursor,
  matches: number,
): Promise<{ found: readonly Found[]; end: Cursor | undefined }> {
  const { threads, words, texts } = userKeys(user);
  const [endAt = '', endThread = '', ...rest] = (await manager.script(SEARCH, {
    keys: [threads, words, texts],
    args: [at, thread, String(THREADS_AT_ONCE), String(matches), ...query],
  })) as string[];
  const found = rest.flatMap((id, i) => (i % 2 === 0 ? [{ thread: id, stored: rest[i + 1] ?? '' }] : []));
  return { found, end: endThread === '' ? undefined : { at: endAt, thread: endThread } };
}

/** The index may be behind the thread, after a crash or where Redis lost something: what is shown is as the thread is now. */
async function verified<T>(
  { index, describe }: SearchOptions<T>,
  { thread, stored }: Found,
  query: readonly string[],
): Promise<(T & { match: Match }) | undefined> {
  let document = JSON.parse(stored) as SearchDocument | undefined;
  const now = await describe(thread);
  if (now === undefined) return undefined;
  if (document?.version !== now.version) document = await index.refresh(thread);
  const match = document && matchOf(document, query);
  return match && { ...now.thread, match };
}
