import type { Question } from '../snapshot.ts';
import { type Word, wordsOf } from './words.ts';

/** A message as it can be found: the first characters of it. */
export interface FoundText {
  readonly id: string;
  readonly at: number;
  readonly text: string;
}

/** What can be found of a thread. */
export interface SearchDocument {
  /** Of the thread when this was made of it. */
  readonly version: string;
  readonly title: string;
  /** Newest first. */
  readonly messages: readonly FoundText[];
}

/** Characters of one message that can be found, and of all messages of a thread, the newest ones (PROTOCOL.md §13). */
export const MAX_MESSAGE_TEXT = 1000;
export const MAX_THREAD_TEXT = 4000;
/** Bytes of a thread's words. */
const MAX_WORDS_BYTES = 8192;

/** Where the words of a query are, as `[from, to)` in UTF-16 code units. */
export type Ranges = readonly (readonly [from: number, to: number])[];

/** Why a thread was found. */
export interface Match {
  /** Places in the title. */
  readonly title: Ranges;
  /** The newest message that has most of the words; absent if only the title has any. */
  readonly message?: {
    readonly id: string;
    readonly at: number;
    /** The part of the message around the words. */
    readonly text: string;
    readonly ranges: Ranges;
  };
}

/** Code units of a snippet, and how many of them stand before the first place. */
const SNIPPET = { length: 160, before: 40 } as const;

export function documentOf(
  version: string,
  title: string,
  questions: readonly (readonly [id: string, question: Question])[],
): SearchDocument {
  const messages: FoundText[] = [];
  let room: number = MAX_THREAD_TEXT;
  for (const [id, { at, parts }] of questions) {
    const text = parts
      .map((part) => part.text)
      .join('\n')
      .slice(0, Math.min(room, MAX_MESSAGE_TEXT));
    if (text === '') break;
    room -= text.length;
    messages.push({ id, at, text });
  }
  return { version, title, messages };
}

/** Each word once, between spaces: so ` wor` finds the words that begin with `wor`. */
export function indexedWords({ title, messages }: SearchDocument): string {
  const words = new Set(
    [title, ...messages.map(({ text }) => text)].flatMap(wordsOf).map(({ word }) => word),
  );
  let text = ' ';
  let bytes = 1;
  for (const word of words) {
    bytes += Buffer.byteLength(word) + 1;
    if (bytes > MAX_WORDS_BYTES) break;
    text += `${word} `;
  }
  return text;
}

/** Undefined unless each of the words begins some word of the thread. */
export function matchOf({ title, messages }: SearchDocument, query: readonly string[]): Match | undefined {
  const inTitle = placesOf(title, query);
  const found = messages.map((message) => ({ message, ...placesOf(message.text, query) }));
  const hit = new Set([inTitle, ...found].flatMap(({ hit: words }) => [...words]));
  if (query.some((word) => !hit.has(word))) return undefined;
  const [first, ...others] = found.filter(({ places }) => places.length > 0);
  const best = first && others.reduce((one, other) => (other.hit.size > one.hit.size ? other : one), first);
  return { title: rangesOf(inTitle.places), ...(best && { message: snippetOf(best.message, best.places) }) };
}

interface Places {
  readonly places: readonly Word[];
  /** The words of the query that are among them. */
  readonly hit: ReadonlySet<string>;
}

function placesOf(text: string, query: readonly string[]): Places {
  const hit = new Set<string>();
  const found = wordsOf(text).filter(({ word }) => {
    const wanted = query.filter((start) => word.startsWith(start));
    for (const start of wanted) hit.add(start);
    return wanted.length > 0;
  });
  // Several words may stand in one place.
  return { places: found.filter(({ from }, index) => from !== found[index - 1]?.from), hit };
}

function rangesOf(places: readonly Word[]): Ranges {
  return places.map(({ from, to }) => [from, to] as const);
}

function snippetOf({ id, at, text }: FoundText, places: readonly Word[]): Match['message'] & {} {
  const start = snapped(text, Math.max(0, (places[0]?.from ?? 0) - SNIPPET.before));
  const end = snapped(text, start + SNIPPET.length);
  const [lead, tail] = [start > 0 ? '…' : '', end < text.length ? '…' : ''];
  const within = places.filter(({ from, to }) => from >= start && to <= end);
  const shift = lead.length - start;
  const ranges = within.map(({ from, to }) => [from + shift, to + shift] as const);
  return { id, at, text: lead + text.slice(start, end) + tail, ranges };
}

/** Not between the two halves of a character. */
function snapped(text: string, index: number): number {
  const code = text.charCodeAt(index);
  return code >= 0xdc00 && code <= 0xdfff ? index - 1 : Math.min(index, text.length);
}
