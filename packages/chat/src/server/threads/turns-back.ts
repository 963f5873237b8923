import type { LogEntry } from '@taproot/redis';
import type { ChatMessage, LifecycleEvent, RunEvent } from '../../protocol/index.ts';
import { type EntryBody, parseBody } from '../runs/replay.ts';

/** Entries down to one message, all void, because another took its place; or all but it, because `run` answers it anew. */
interface Skip {
  readonly to: string;
  readonly run?: string;
  /** When that run was asked for. */
  readonly at?: number;
}

/** Where a walk goes on with what is older than a turn. */
export interface Bookmark {
  /** The newest entry that belongs to an older turn. */
  readonly from: number;
  /** Older turns were asked below this `seq`. */
  readonly below: number;
  readonly skip?: Skip;
}

/** A question with the run that answers it. */
export interface Turn {
  readonly run: string;
  readonly question: ChatMessage;
  /** Absent while the run has not ended. */
  readonly answer?: Answer;
  /** Of all that a caller keeps who keeps this turn. */
  readonly bytes: number;
  /** What is older. */
  readonly older: () => Bookmark;
}

export interface Answer {
  /** Of `run-ended`. */
  readonly seq: number;
  /** Newest first; absent if they were too many to keep. */
  readonly events: RunEvent[] | undefined;
  bytes: number;
}

type Asking = Extract<LifecycleEvent, { type: 'user-message' | 'run-requested' }>;

/** Whether it is how a run was asked for, and no sign that the run is at work. */
export function asks(data: EntryBody['data']): data is Asking {
  return 'type' in data && (data.type === 'user-message' || data.type === 'run-requested');
}

/**
 * Reads a log backwards and gives the turns that stand, the last asked first. A run's events come after its question and
 * before the end of the next run, so they are known when their question is.
 */
export class TurnsBack {
  readonly #answers = new Map<string, Answer>();
  readonly #below: number;
  readonly #maxBytes: number;
  #skip: Skip | undefined;
  #bytes = 0;

  /** Answers are kept until there are `maxBytes`; none with 0. */
  constructor(maxBytes: number, at?: Bookmark) {
    this.#maxBytes = maxBytes;
    this.#below = at?.below ?? Number.POSITIVE_INFINITY;
    this.#skip = at?.skip;
  }

  /** The next older entry. Returns the turn that it completes. */
  take(entry: LogEntry): Turn | undefined {
    const { run, at, data } = parseBody(entry);
    if (run === undefined) return undefined;
    if (asks(data)) return entry.seq < this.#below ? this.#asked(entry, run, at, data) : undefined;
    if ('type' in data && data.type === 'run-ended') {
      const keep = this.#bytes < this.#maxBytes;
      this.#answers.set(run, { seq: entry.seq, events: keep ? [] : undefined, bytes: 0 });
    }
    const answer = this.#answers.get(run);
    if (answer?.events === undefined) return undefined;
    answer.events.push({ seq: entry.seq, run, at, data });
    answer.bytes += entry.body.length;
    this.#bytes += entry.body.length;
    return undefined;
  }

  /** The turn that is answered anew, if its question has not come yet: it is older than what was read. */
  get pending(): { to: string; run: string; at: number; answer?: Answer } | undefined {
    const { to, run, at } = this.#skip ?? {};
    if (to === undefined || run === undefined || at === undefined) return undefined;
    const answer = this.#answers.get(run);
    return { to, run, at, ...(answer && { answer }) };
  }

  #asked(entry: LogEntry, run: string, at: number, data: Asking): Turn | undefined {
    const skip = this.#skip;
    if (skip !== undefined && (data.type !== 'user-message' || data.id !== skip.to)) {
      this.#drop(run);
      return undefined;
    }
    if (data.type === 'run-requested') {
      this.#skip = { to: data.of, run, at };
      return undefined;
    }
    this.#skip = data.supersedes === undefined ? undefined : { to: data.supersedes };
    if (skip !== undefined) this.#drop(run);
    if (skip !== undefined && skip.run === undefined) return undefined;
    return this.#turn(entry, skip?.run ?? run, {
      id: data.id,
      role: 'user',
      metadata: { run: skip?.run ?? run, at: skip?.at ?? at },
      parts: data.parts.map((part) => ({ ...part })),
    });
  }

  #turn(entry: LogEntry, run: string, question: ChatMessage): Turn {
    const answer = this.#answers.get(run);
    this.#answers.delete(run);
    this.#bytes += entry.body.length;
    const skip = this.#skip;
    return {
      run,
      question,
      ...(answer && { answer }),
      bytes: entry.body.length + (answer?.bytes ?? 0),
      older: () => ({
        from: Math.max(entry.seq - 1, ...[...this.#answers.values()].map(({ seq }) => seq)),
        below: entry.seq,
        ...(skip && { skip }),
      }),
    };
  }

  #drop(run: string): void {
    this.#bytes -= this.#answers.get(run)?.bytes ?? 0;
    this.#answers.delete(run);
  }
}
