import type { LogEntry, RedisManager } from '@taproot/redis';
import { ChatError } from '../errors.ts';
import { parseBody } from '../runs/replay.ts';
import { type Boundary, Folder } from './folder.ts';
import { type ThreadKeys, threadKeys } from './keys.ts';
import { EXTENT, FOLD } from './retention-scripts.ts';
import { asks } from './turns-back.ts';

/**
 * How much of each thread's log is kept entry by entry (PROTOCOL.md §4.5). What is more is folded into one snapshot per
 * message. Everything of open runs is kept.
 */
export interface RetentionOptions {
  /** The newest entries that are kept, 0 or more. @default 10000 */
  readonly keepEntries?: number;
  /** Bytes of Redis' memory that a log may have, about. @default 4194304 */
  readonly keepBytes?: number;
  /** How long an entry is kept, in ms. @default 604800000 (7 days) */
  readonly keepMs?: number;
}

export const DEFAULT_RETENTION: Required<RetentionOptions> = {
  keepEntries: 10_000,
  keepBytes: 4 * 1024 * 1024,
  keepMs: 7 * 24 * 3600 * 1000,
};

/** Throws `invalid-options` for anything but numbers from 0 on. */
export function resolveRetention(given: RetentionOptions): Required<RetentionOptions> {
  const policy = { ...DEFAULT_RETENTION, ...given };
  for (const [name, value] of Object.entries(policy)) {
    if (!(value >= 0))
      throw new ChatError('invalid-options', `retention.${name} must be a number from 0 on, not ${value}`);
  }
  return policy;
}

/** What one script stores at most, so that Redis does nothing else for a few milliseconds only. */
const BATCH = { entries: 2000, bytes: 256 * 1024 } as const;
/** A log that grows as fast as it is trimmed is left to the next time. */
const MAX_BATCHES = 200;

interface Extent {
  readonly seq: number;
  readonly entries: number;
  readonly bytes: number;
  /** Of the oldest entry, by the clock of Redis; 0 if there is none. */
  readonly oldest: number;
  readonly now: number;
  readonly open: ReadonlySet<string>;
}

/** Folds and trims logs. Any number of processes may do it at the same time, and each may be killed at any moment. */
export class Retention {
  readonly #manager: RedisManager;
  readonly #policy: Required<RetentionOptions>;

  constructor(manager: RedisManager, policy: RetentionOptions = {}) {
    this.#manager = manager;
    this.#policy = resolveRetention(policy);
  }

  /**
   * Trims a thread's log as the policy says, or until `signal` aborts. Resolves with the ms until there is more to do; undefined
   * if that is when the log grows.
   */
  async trim(thread: string, signal?: AbortSignal): Promise<number | undefined> {
    const keys = threadKeys(thread);
    for (let batch = 0; ; batch++) {
      const extent = await this.#extent(keys);
      if (extent === undefined || extent.entries === 0) return undefined;
      const due = extent.oldest + this.#policy.keepMs - extent.now;
      const wanted = this.#wanted(extent);
      if (wanted === undefined) return Math.max(due, 0);
      if (batch === MAX_BATCHES || signal?.aborted) return 0;
      if (!(await this.#batch(keys, wanted))) return due > 0 ? due : undefined;
    }
  }

  async #extent({ log, queue }: ThreadKeys): Promise<Extent | undefined> {
    const reply = (await this.#manager.script(EXTENT, {
      keys: [log.stream, log.head, queue],
      args: [],
    })) as string[];
    if (reply.length === 0) return undefined;
    const [seq = 0, entries = 0, bytes = 0, oldest = 0, now = 0] = reply.slice(0, 5).map(Number);
    return { seq, entries, bytes, oldest, now, open: new Set(reply.slice(5)) };
  }

  /** Which entries are to go; undefined if none. */
  #wanted({ seq, entries, bytes, oldest, now, open }: Extent): ((entry: LogEntry) => boolean) | undefined {
    const { keepEntries, keepBytes, keepMs } = this.#policy;
    const tooMany = entries - keepEntries;
    // Entries have about one size.
    const tooLarge = bytes > keepBytes ? Math.ceil(entries * (1 - keepBytes / bytes)) : 0;
    const until = now - keepMs;
    const excess = Math.max(tooMany, tooLarge);
    if (excess <= 0 && oldest >= until) return undefined;
    const below = seq - entries + 1 + excess;
    return (entry) => {
      const { run, at, data } = parseBody(entry);
      if (run !== undefined && asks(data) && open.has(run)) return false;
      return entry.seq < below || at < until;
    };
  }

  /** Whether something was trimmed. */
  async #batch(keys: ThreadKeys, wanted: (entry: LogEntry) => boolean): Promise<boolean> {
    const folder = new Folder();
    const cut = await this.#read(keys, wanted, folder);
    if (cut === undefined) return false;
    const due = folder.folded.filter(({ asked }) => asked < cut.first);
    const reply = await this.#manager.script(FOLD, {
      keys: [keys.log.stream, keys.log.head, keys.turns, keys.runs, keys.snapshots],
      args: [String(cut.first), cut.chain, ...due.flatMap(({ of, run, value }) => [of, run, value])],
    });
    return reply === 'ok';
  }

  /** Reads until all is folded that has to be before the log may begin later; where it may then. */
  async #read(
    { log }: ThreadKeys,
    wanted: (entry: LogEntry) => boolean,
    folder: Folder,
  ): Promise<Boundary | undefined> {
    let read = 0;
    let goal: Boundary | undefined;
    let oldest: number | undefined;
    for await (const entry of this.#manager.log.readAll(log)) {
      oldest ??= entry.seq;
      if (goal === undefined && !wanted(entry)) {
        goal = { first: entry.seq, chain: entry.prev };
        if (goal.first === oldest) return undefined;
      }
      // An entry that stays may still belong to a run that has to be folded.
      if (goal === undefined || (folder.boundary?.first ?? 0) < goal.first) await folder.take(entry);
      const { boundary } = folder;
      if (boundary === undefined) continue;
      if (goal !== undefined && boundary.first >= goal.first) return goal;
      const full = ++read >= BATCH.entries || folder.bytes >= BATCH.bytes;
      if (full && boundary.first > oldest) return boundary;
    }
    await folder.finish(goal?.first ?? Number.POSITIVE_INFINITY);
    return goal ?? folder.boundary;
  }
}
