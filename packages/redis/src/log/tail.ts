import { pause } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import type { LogEntry, LogHead, LogKeys, LogPosition } from './entry.ts';
import type { DurableLog } from './log.ts';
import { Marks } from './marks.ts';

/** Where to begin. */
export interface TailOptions {
  /** Absent: from the head on, only what comes. `seq` 0 may leave out `chain`: from the beginning. */
  readonly after?: {
    readonly seq: number;
    readonly chain?: string;
    /** Older positions of the reader, newest first, to find where a log that was rolled back still agrees. */
    readonly marks?: readonly LogPosition[];
  };
  readonly signal: AbortSignal;
}

/** Where a tail stands: the first item of every tail, and again whenever the log's history changed under it. */
export interface TailPosition extends LogPosition {
  readonly kind: 'position';
  readonly mode: 'live' | 'resumed' | 'reset';
  readonly first: number;
  /** For `reset`. `wiped`: the log is gone, and the tail ends. */
  readonly reason?: 'rollback' | 'trimmed' | 'wiped';
  /** For `reset`: what the reader has to forget. */
  readonly lost?: { readonly from: number; readonly to: number };
}

/** Entries follow a position from its `seq` + 1, in order, each once. */
export type TailItem = TailPosition | { readonly kind: 'entry'; readonly entry: LogEntry };

/** Entries read at once: pages grow and shrink towards so many bytes. Two at least: one to check, one to go on. */
const PAGE = { first: 16, min: 2, max: 256, growth: 4, bytes: 262_144 } as const;
/** Live entries kept for a slow reader; beyond it reads from the stream again. */
const MAX_BUFFERED = 1024;

/** See {@link DurableLog.tail}. */
export async function* tail(log: DurableLog, keys: LogKeys, options: TailOptions): AsyncGenerator<TailItem> {
  const cursor = new Cursor(log, keys, options);
  const leave = log.feed(keys).add(cursor);
  try {
    yield* cursor.follow();
  } finally {
    leave();
  }
}

class Cursor {
  readonly #log: DurableLog;
  readonly #keys: LogKeys;
  readonly #signal: AbortSignal;
  readonly #after: TailOptions['after'];
  readonly #marks: Marks;
  #at: LogPosition | undefined;
  #live: LogEntry[] = [];
  #stale = true;
  #page: number = PAGE.first;
  #wake = new AbortController();

  constructor(log: DurableLog, keys: LogKeys, { after, signal }: TailOptions) {
    this.#log = log;
    this.#keys = keys;
    this.#signal = signal;
    this.#after = after;
    this.#marks = new Marks(after?.marks);
    signal.addEventListener('abort', () => this.#wake.abort(), { once: true });
  }

  entry(entry: LogEntry): void {
    if (this.#live.length >= MAX_BUFFERED) this.stale();
    else this.#live.push(entry);
    this.#wake.abort();
  }

  stale(): void {
    this.#stale = true;
    this.#live = [];
    this.#wake.abort();
  }

  head(head: LogHead | undefined): void {
    const behind = this.#live.at(-1) ?? this.#at;
    if (head === undefined || behind === undefined || head.seq !== behind.seq || head.chain !== behind.chain)
      this.stale();
  }

  async *follow(): AsyncGenerator<TailItem> {
    while (!this.#signal.aborted) {
      this.#wake = new AbortController();
      if (this.#stale) {
        this.#stale = false;
        try {
          yield* this.#catchUp();
        } catch (error) {
          if (!(error instanceof RedisManagerError) || error.code === 'closed') throw error;
          // Redis is away: whoever follows waits with it. The feed says when to read again; the pause is for its silence.
          this.#stale = true;
          await pause(200, this.#signal);
          continue;
        }
        if (this.#at === undefined) return;
      }
      yield* this.#takeLive();
      if (!this.#stale && !this.#signal.aborted) await pause(60_000, this.#wake.signal);
    }
  }

  /** Live entries that fit; one that does not makes the position stale. */
  *#takeLive(): Generator<TailItem> {
    const live = this.#live;
    this.#live = [];
    for (const entry of live) {
      const at = this.#at;
      if (at === undefined || this.#stale) return;
      if (entry.seq === at.seq + 1 && entry.prev === at.chain) yield this.#step(entry);
      // An older entry was read from the stream already, unless it tells another history.
      else if (entry.seq > at.seq || (entry.seq === at.seq && entry.chain !== at.chain)) this.stale();
    }
  }

  #step(entry: LogEntry): TailItem {
    this.#at = { seq: entry.seq, chain: entry.chain };
    this.#marks.add(this.#at);
    return { kind: 'entry', entry };
  }

  async *#catchUp(): AsyncGenerator<TailItem> {
    if (this.#at === undefined) {
      const position = await this.#begin();
      yield position;
      if (position.reason === 'wiped') return;
      if (position.mode === 'live') return;
    }
    for (let more = true; more && this.#at !== undefined && !this.#signal.aborted; ) {
      const at: LogPosition = this.#at;
      const count = this.#page;
      const [head, entries] = await Promise.all([
        this.#log.head(this.#keys),
        this.#log.read(this.#keys, at.seq, count),
      ]);
      const next = fitting(at, head, entries);
      if (next === undefined) {
        yield await this.#reset(at, head);
        continue;
      }
      for (const entry of next) yield this.#step(entry);
      more = entries.length === count;
      if (more) this.#page = nextPage(entries);
    }
  }

  async #begin(): Promise<TailPosition> {
    const head = await this.#log.head(this.#keys);
    const after = this.#after;
    if (head === undefined) return this.#reset({ seq: after?.seq ?? 0, chain: after?.chain ?? '' }, head);
    if (after === undefined) return this.#position('live', head, head);
    const wanted = { seq: after.seq, chain: after.chain ?? (after.seq === 0 ? head.origin : '') };
    const entries = await this.#log.read(this.#keys, wanted.seq, 1);
    if (fitting(wanted, head, entries) === undefined) return this.#reset(wanted, head);
    return this.#position('resumed', wanted, head);
  }

  #position(mode: 'live' | 'resumed', at: LogPosition, head: LogHead): TailPosition {
    this.#at = { seq: at.seq, chain: at.chain };
    this.#marks.add(this.#at);
    return { kind: 'position', mode, seq: at.seq, chain: at.chain, first: head.first };
  }

  /** The log is not the one that the reader knows: goes back to the newest mark that it still has, or to its beginning. */
  async #reset(known: LogPosition, head: LogHead | undefined): Promise<TailPosition> {
    if (head === undefined) {
      this.#at = undefined;
      const lost = known.seq > 0 ? { lost: { from: 1, to: known.seq } } : {};
      return { kind: 'position', mode: 'reset', seq: 0, chain: '', first: 1, reason: 'wiped', ...lost };
    }
    const fork = (await this.#agreed(head)) ?? (await this.#beginning(head));
    const reason = known.seq < head.first - 1 ? 'trimmed' : 'rollback';
    this.#at = fork;
    this.#marks.cut(fork.seq);
    const lost = known.seq > fork.seq ? { lost: { from: fork.seq + 1, to: known.seq } } : {};
    return { kind: 'position', mode: 'reset', ...fork, first: head.first, reason, ...lost };
  }

  /** The newest mark that the log has. */
  async #agreed(head: LogHead): Promise<LogPosition | undefined> {
    for (const mark of this.#marks.list()) {
      const entries = await this.#log.read(this.#keys, mark.seq, 1);
      if (fitting(mark, head, entries) !== undefined) return mark;
    }
    return undefined;
  }

  /** Before the oldest entry that is there, whatever the head says: so that what follows always fits. */
  async #beginning(head: LogHead): Promise<LogPosition> {
    if (head.seq === 0) return { seq: 0, chain: head.origin };
    const [oldest] = await this.#log.read(this.#keys, 1, 1);
    return oldest === undefined
      ? { seq: head.seq, chain: head.chain }
      : { seq: oldest.seq - 1, chain: oldest.prev };
  }
}

function nextPage(entries: readonly LogEntry[]): number {
  const { min, max, growth, bytes } = PAGE;
  const read = entries.reduce((sum, { body }) => sum + body.length, 1);
  const wanted = Math.floor((entries.length * bytes) / read);
  return Math.max(min, Math.min(wanted, entries.length * growth, max));
}

/** The entries after `at`, if the log read from `at.seq` on contains `at`; undefined if its history is another. */
function fitting(
  at: LogPosition,
  head: LogHead | undefined,
  entries: readonly LogEntry[],
): readonly LogEntry[] | undefined {
  if (head === undefined) return undefined;
  const [oldest] = entries;
  if (oldest === undefined) return head.seq === at.seq && head.chain === at.chain ? entries : undefined;
  if (oldest.seq === at.seq) return oldest.chain === at.chain ? entries.slice(1) : undefined;
  // The beginning has no entry, and the entry at a position may have been trimmed: the one after it vouches for both.
  return oldest.seq === at.seq + 1 && oldest.prev === at.chain ? entries : undefined;
}
