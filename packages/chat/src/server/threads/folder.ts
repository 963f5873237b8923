import type { LogEntry, LogPosition } from '@taproot/redis';
import type { RunEvent } from '../../protocol/index.ts';
import { parseBody } from '../runs/replay.ts';
import { answerOf } from './answer.ts';
import { encodeAnswer } from './snapshot.ts';
import { asks } from './turns-back.ts';

/** Bytes of a run's entries that its snapshot is made of; what comes after them is left out (PROTOCOL.md §13). */
export const MAX_FOLDED_BYTES: number = 4 * 1024 * 1024;

/** A folded run, to be stored. */
export interface Folded {
  /** The `seq` at which it was asked for. */
  readonly asked: number;
  readonly of: string;
  readonly run: string;
  readonly value: string;
}

/** Where a log may begin: its first entry, and the chain of the one before. */
export interface Boundary {
  readonly first: number;
  readonly chain: string;
}

interface OpenTurn {
  readonly asked: Boundary;
  readonly of: string;
  readonly at: number;
  readonly events: RunEvent[];
  bytes: number;
  cut: boolean;
}

/** Reads a log forwards and folds each run when it ends. A run that was asked for before the first entry is left alone. */
export class Folder {
  readonly folded: Folded[] = [];
  /** Of what was folded. */
  bytes = 0;
  readonly #open = new Map<string, OpenTurn>();
  #last: LogPosition | undefined;

  async take(entry: LogEntry): Promise<void> {
    this.#last = entry;
    const { run, at, data } = parseBody(entry);
    if (run === undefined) return;
    if (asks(data)) {
      const of = data.type === 'user-message' ? data.id : data.of;
      const asked = { first: entry.seq, chain: entry.prev };
      this.#open.set(run, { asked, of, at, events: [], bytes: 0, cut: false });
      return;
    }
    const turn = this.#open.get(run);
    if (turn === undefined) return;
    const ended = 'type' in data && data.type === 'run-ended';
    turn.bytes += entry.body.length;
    turn.cut ||= turn.bytes > MAX_FOLDED_BYTES && !ended;
    if (!turn.cut || ended) turn.events.push({ seq: entry.seq, run, at, data });
    if (ended) await this.#fold(run, turn);
  }

  /** All runs that were asked for before it are folded, if the folder has read the log from its first entry on. */
  get boundary(): Boundary | undefined {
    const [oldest] = this.#open.values();
    if (oldest !== undefined) return oldest.asked;
    return this.#last && { first: this.#last.seq + 1, chain: this.#last.chain };
  }

  /** Folds what was asked for below a `seq` and has no end, because that was lost. */
  async finish(below: number): Promise<void> {
    for (const [run, turn] of this.#open) if (turn.asked.first < below) await this.#fold(run, turn);
  }

  async #fold(run: string, { asked, of, at, events, cut }: OpenTurn): Promise<void> {
    this.#open.delete(run);
    const whole = await answerOf(events);
    const message = whole && cut ? { ...whole, metadata: { ...whole.metadata, cut: true } } : whole;
    const value = await encodeAnswer({ of, at, ...(message && { message }) });
    this.bytes += value.length;
    this.folded.push({ asked: asked.first, of, run, value });
  }
}
