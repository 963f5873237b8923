/** A position in a log: the `seq` of an entry and its `chain` hash. `seq` 0 is the beginning. */
export interface LogPosition {
  readonly seq: number;
  readonly chain: string;
}

/** One entry of a log. */
export interface LogEntry extends LogPosition {
  /** `chain` of the entry before. */
  readonly prev: string;
  /** The stored bytes: the text of a JSON object that begins with `at`, ms since 1970 by the clock of Redis. */
  readonly body: string;
}

/** Where a log stands. */
export interface LogHead extends LogPosition {
  /** The oldest `seq` retained. */
  readonly first: number;
  /** chain₀, random per log. */
  readonly origin: string;
}

/** The keys of one log. All lie in one slot, because the prefix carries the hash tag. */
export interface LogKeys {
  readonly stream: string;
  readonly head: string;
  readonly channel: string;
}

/** Keys of the log under a prefix with a hash tag, e.g. `taproot:{thread:42}`. */
export function logKeys(prefix: string): LogKeys {
  return { stream: `${prefix}:log`, head: `${prefix}:head`, channel: `${prefix}:live` };
}

/** A reply of XRANGE: `[id, [field, value, …]]` per entry. */
export function entriesFromReply(reply: unknown): LogEntry[] {
  return (reply as [string, string[]][]).map(([id, fields]) => {
    const value = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
    return { seq: Number.parseInt(id, 10), chain: value('c'), prev: value('p'), body: value('b') };
  });
}

/** A reply of HMGET seq chain first origin; undefined where the log does not exist. */
export function headFromReply(reply: unknown): LogHead | undefined {
  const [seq, chain, first, origin] = reply as (string | null)[];
  if (seq == null || chain == null || origin == null) return undefined;
  return { seq: Number(seq), chain, first: Number(first ?? 1), origin };
}

/**
 * A published message: `seq chain prev body`, or only `seq` where the entry was too large to publish.
 * Undefined for what is neither.
 */
export function entryFromMessage(message: string): LogEntry | { readonly seq: number } | undefined {
  const match = /^(\d+)(?: (\S+) (\S+) (.*))?$/s.exec(message);
  if (match === null) return undefined;
  const [, seq, chain, prev, body] = match;
  if (chain === undefined || prev === undefined || body === undefined) return { seq: Number(seq) };
  return { seq: Number(seq), chain, prev, body };
}
