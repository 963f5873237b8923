import { createHash, randomBytes } from 'node:crypto';
import type {
  After,
  AttachedFrame,
  Chunk,
  EventFrame,
  LogEvent,
  Position,
} from '../../src/protocol/index.ts';

/** A thread's log in memory, with the chain of PROTOCOL.md §4.2. */
export class PeerLog {
  readonly thread: string;
  readonly start: Position = { seq: 0, chain: randomBytes(10).toString('hex') };
  readonly sent = new Map<string, { readonly text: string; readonly seq: number; readonly run: string }>();
  events: EventFrame[] = [];

  constructor(thread: string) {
    this.thread = thread;
  }

  get head(): Position {
    const last = this.events.at(-1);
    return last === undefined ? this.start : { seq: last.seq, chain: last.chain };
  }

  append(run: string, data: LogEvent | readonly Chunk[]): EventFrame {
    const { seq: before, chain: prev } = this.head;
    const seq = before + 1;
    const at = 1_767_225_600_000 + seq;
    // The random bytes make a log that grew again after a rollback another one, also with the same events.
    const body = JSON.stringify({ at, run, data, salt: randomBytes(4).toString('hex') });
    const chain = createHash('sha1').update(`${prev}:${seq}:${body}`).digest('hex').slice(0, 20);
    const event: EventFrame = { type: 'event', thread: this.thread, seq, chain, prev, run, at, data };
    this.events.push(event);
    return event;
  }

  /** Loses everything above `seq`, as a failover does. */
  rollback(seq: number): void {
    this.events = this.events.slice(0, seq);
    for (const [id, sent] of this.sent) if (sent.seq > seq) this.sent.delete(id);
  }

  has({ seq, chain }: { readonly seq: number; readonly chain?: string }): boolean {
    if (seq === 0) return chain === undefined || chain === this.start.chain;
    return this.events[seq - 1]?.chain === chain;
  }

  /** PROTOCOL.md §4.4. */
  attached(after: After | undefined): AttachedFrame {
    const base = { type: 'attached', thread: this.thread, first: 1 } as const;
    if (after === undefined) return { ...base, mode: 'live', ...this.head };
    if (this.has(after)) {
      return { ...base, mode: 'resumed', seq: after.seq, chain: after.chain ?? this.start.chain };
    }
    const { seq, chain } = after.marks?.find((mark) => this.has(mark)) ?? this.start;
    const lost = after.seq > seq ? { lost: { from: seq + 1, to: after.seq } } : {};
    return { ...base, mode: 'reset', reason: 'rollback', seq, chain, ...lost };
  }
}
