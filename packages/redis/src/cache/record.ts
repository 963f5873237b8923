import type { EntryLife } from './options.ts';

/** A tag and the version of it that an entry was made under. */
export type TagVersion = readonly [tag: string, version: string];

/** What is stored of an entry: one line about it, and what the codec wrote. */
export interface EntryRecord {
  /** What the codec wrote; undefined: it is known that there is no value. */
  readonly body: Buffer | undefined;
  readonly tags: readonly TagVersion[];
  /** How much longer it is fresh, in ms; negative: since when it is not. */
  readonly freshMs: number;
  /** The same of the time in which it is given at once although it is not fresh. */
  readonly staleMs: number;
  /** The same of the time in which it may stand in for a value that cannot be had. */
  readonly usableMs: number;
}

const FORMAT = 1;
const NEW_LINE = 0x0a;

/** A record that was just made. */
export interface Written {
  readonly record: EntryRecord;
  /** The record for Redis. */
  readonly stored: Buffer;
  /** How long it is to be kept there, in ms. */
  readonly keepMs: number;
}

export function writeRecord(body: Buffer | undefined, life: EntryLife, tags: readonly TagVersion[]): Written {
  const ttlMs = body === undefined ? life.negativeTtlMs : life.ttlMs;
  const freshMs = Math.ceil(ttlMs * (1 - life.jitter * Math.random()));
  const staleMs = freshMs + life.staleWhileRevalidateMs;
  const keepMs = Math.max(1, staleMs, freshMs + life.graceMs);
  const head = JSON.stringify([FORMAT, body === undefined ? 0 : 1, freshMs, staleMs, keepMs, tags]);
  return {
    record: { body, tags, freshMs, staleMs, usableMs: keepMs },
    stored: Buffer.concat([Buffer.from(`${head}\n`), body ?? Buffer.alloc(0)]),
    keepMs,
  };
}

/**
 * A record as it was read, with what Redis says that is left of its time: all processes go by the one clock. Undefined for
 * what is none of ours.
 */
export function readRecord(stored: Buffer, leftMs: number): EntryRecord | undefined {
  const end = stored.indexOf(NEW_LINE);
  const head = end < 0 ? undefined : parseHead(stored.toString('utf8', 0, end));
  if (head === undefined || leftMs < 0) return undefined;
  const [, hasBody, freshMs, staleMs, keepMs, tags] = head;
  const ageMs = Math.max(0, keepMs - leftMs);
  return {
    body: hasBody === 1 ? stored.subarray(end + 1) : undefined,
    tags,
    freshMs: freshMs - ageMs,
    staleMs: staleMs - ageMs,
    usableMs: keepMs - ageMs,
  };
}

type Head = [
  format: number,
  hasBody: number,
  freshMs: number,
  staleMs: number,
  keepMs: number,
  tags: TagVersion[],
];

function parseHead(text: string): Head | undefined {
  try {
    const head: unknown = JSON.parse(text);
    return Array.isArray(head) && head[0] === FORMAT && Array.isArray(head[5]) ? (head as Head) : undefined;
  } catch {
    return undefined;
  }
}
