import type {
  After,
  AttachedFrame,
  ClientFrame,
  ErrorFrame,
  EventFrame,
  Position,
} from '../protocol/index.ts';
import { Emitter } from './emitter.ts';
import { errorOf } from './errors.ts';
import { Trail } from './trail.ts';
import type { ThreadView, ThreadViewEvents } from './types.ts';

export interface ViewOptions {
  readonly thread: string;
  /** False while there is no socket; then nothing is sent. */
  readonly send: (frame: ClientFrame) => boolean;
  /** Without an answer for this long, `attach` is sent again. */
  readonly answerMs: number;
  /** Before the listeners: the client's own messages follow their runs by it. */
  readonly onEvent: (event: EventFrame) => void;
  readonly onReset: (frame: AttachedFrame) => void;
}

/** A thread's events, each once and in order (PROTOCOL.md §8.1–§8.3). */
export class AttachedView implements ThreadView {
  readonly #options: ViewOptions;
  readonly #events = new Emitter<ThreadViewEvents>();
  readonly #trail = new Trail();
  #opened = false;
  /** The thread is gone, or the client is closed: listeners alone do not attach it. */
  #suspended = false;
  /** `chain` is absent only for the beginning, until the server told it. */
  #last: { readonly seq: number; readonly chain?: string } | undefined;
  #attached = false;
  /** An answer is due on this socket. One `attached` settles it: an `attach` that was replaced may get no answer. */
  #due = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ViewOptions) {
    this.#options = options;
  }

  get thread(): string {
    return this.#options.thread;
  }

  get attached(): boolean {
    return this.#attached;
  }

  get position(): Position | undefined {
    const last = this.#last;
    return last?.chain === undefined ? undefined : { seq: last.seq, chain: last.chain };
  }

  on<K extends keyof ThreadViewEvents>(name: K, listener: (value: ThreadViewEvents[K]) => void): () => void {
    const wanted = this.#wanted;
    const off = this.#events.on(name, listener);
    if (!wanted && this.#wanted) this.#attach();
    return () => {
      const still = this.#wanted;
      off();
      if (still && !this.#wanted) this.#detach();
    };
  }

  open(after?: After): void {
    const idle = !this.#attached && !this.#due;
    this.#opened = true;
    this.#suspended = false;
    if (after !== undefined) this.#restart(after);
    if (after !== undefined || idle) this.#attach();
  }

  close(): void {
    const wanted = this.#wanted;
    this.#opened = false;
    if (wanted && !this.#wanted) this.#detach();
  }

  /** A new socket is ready. */
  socketReady(): void {
    this.#due = false;
    if (this.#wanted) this.#attach();
  }

  socketLost(): void {
    this.#due = false;
    this.#attached = false;
    clearTimeout(this.#timer);
  }

  /** Redis is back: what was refused because of it is tried again at once. */
  redisReady(): void {
    if (this.#wanted && !this.#attached && !this.#due) this.#attach();
  }

  attachedFrame(frame: AttachedFrame): void {
    this.#due = false;
    if (!this.#wanted) return;
    clearTimeout(this.#timer);
    this.#attached = true;
    if (frame.mode === 'reset') this.#reset(frame);
    else this.#joined(frame);
    this.#events.emit('attached', frame);
  }

  eventFrame(event: EventFrame): void {
    const last = this.#last;
    // Without a position: of an attachment that was given up, or ahead of its `attached`.
    if (!this.#wanted || last?.chain === undefined || event.seq <= last.seq) return;
    if (event.seq !== last.seq + 1 || event.prev !== last.chain) {
      if (!this.#due) this.#attach();
      return;
    }
    this.#last = { seq: event.seq, chain: event.chain };
    this.#trail.push({ seq: event.seq, chain: event.chain });
    this.#options.onEvent(event);
    this.#events.emit('event', event);
  }

  deletedFrame(): void {
    this.#forget();
    this.#events.emit('deleted', undefined);
  }

  /** Another epoch: what was known of the thread is void (PROTOCOL.md §8.4). */
  wiped(): void {
    const { thread } = this;
    const to = this.#last?.seq;
    if (to === undefined) return;
    const lost = to > 0 ? { lost: { from: 1, to } } : {};
    const mode = { mode: 'reset', reason: 'wiped' } as const;
    this.#reset({ type: 'attached', thread, ...mode, seq: 0, chain: '', first: 1, ...lost });
  }

  errorFrame(frame: ErrorFrame): void {
    if (frame.code === 'not-attached') return;
    this.#due = false;
    if (!this.#wanted) return;
    clearTimeout(this.#timer);
    const passes =
      frame.retryAfterMs !== undefined || frame.code === 'redis-unavailable' || frame.code === 'internal';
    if (passes) this.#attachIn(frame.retryAfterMs ?? 1_000);
    this.#events.emit('error', errorOf(frame));
  }

  /** For good: no timers are left. */
  dispose(): void {
    this.#opened = false;
    this.#suspended = true;
    this.socketLost();
  }

  get #wanted(): boolean {
    return this.#opened || (!this.#suspended && this.#events.has('event'));
  }

  #attach(): void {
    this.#attached = false;
    clearTimeout(this.#timer);
    const last = this.#last;
    const marks = this.#trail.marks().filter(({ seq }) => last !== undefined && seq < last.seq);
    const after = last && { after: marks.length > 0 ? { ...last, marks } : last };
    if (!this.#options.send({ type: 'attach', thread: this.thread, ...after })) return;
    this.#due = true;
    this.#timer = setTimeout(() => this.#unanswered(), this.#options.answerMs);
  }

  #unanswered(): void {
    this.#due = false;
    this.#attach();
  }

  #attachIn(waitMs: number): void {
    this.#timer = setTimeout(() => this.#attach(), waitMs);
  }

  #detach(): void {
    clearTimeout(this.#timer);
    if (this.#attached || this.#due) this.#options.send({ type: 'detach', thread: this.thread });
    this.#attached = false;
  }

  #restart({ seq, chain }: After): void {
    this.#last = chain === undefined ? { seq } : { seq, chain };
    this.#trail.restart(chain === undefined ? undefined : { seq, chain });
  }

  /** After a `resumed` there is nothing to do: what was applied in the meantime comes again and is a duplicate. */
  #joined({ seq, chain }: AttachedFrame): void {
    if (this.#last === undefined || (this.#last.chain === undefined && this.#last.seq === seq)) {
      this.#restart({ seq, chain });
    }
  }

  #reset(frame: AttachedFrame): void {
    if (frame.reason === 'wiped') this.#forget();
    else {
      this.#trail.cut(frame.seq - 1);
      this.#trail.push({ seq: frame.seq, chain: frame.chain });
      this.#last = { seq: frame.seq, chain: frame.chain };
    }
    this.#options.onReset(frame);
    this.#events.emit('reset', frame);
  }

  /** The thread is gone; listeners stay for an `open` that may follow. */
  #forget(): void {
    this.dispose();
    this.#last = undefined;
    this.#trail.restart();
  }
}
