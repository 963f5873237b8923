import type { Call } from './call.ts';

/** Calls are looked at this often, so a call ends at most this late after its deadline, in ms. */
const LOOK_EVERY_MS = 10;

/**
 * The calls of a connection that have no outcome yet, oldest first. One timer looks after all of them: a timer for each
 * would cost more than the call itself.
 */
export class OpenCalls {
  readonly #look: (call: Call) => void;
  #first: Call | undefined;
  #last: Call | undefined;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `look` is called with each open call, again and again. */
  constructor(look: (call: Call) => void) {
    this.#look = look;
  }

  get size(): number {
    return this.#size;
  }

  add(call: Call): void {
    call.previous = this.#last;
    if (this.#last === undefined) this.#first = call;
    else this.#last.next = call;
    this.#last = call;
    this.#size++;
    // Immediates run after sockets were read: a process that was held up takes the replies that came before it judges.
    this.#timer ??= setInterval(() => setImmediate(() => this.each(this.#look)), LOOK_EVERY_MS);
  }

  delete(call: Call): void {
    const { previous, next } = call;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    call.previous = undefined;
    call.next = undefined;
    this.#size--;
  }

  /** Each open call, which may be deleted meanwhile. Without any the timer ends, so that a process can. */
  each(what: (call: Call) => void): void {
    for (let call = this.#first; call !== undefined; ) {
      const { next } = call;
      what(call);
      call = next;
    }
    if (this.#size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
