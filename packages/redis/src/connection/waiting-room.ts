import type { Call } from './call.ts';

export interface QueueLimits {
  readonly maxQueuedCalls: number;
  readonly maxQueuedBytes: number;
}

/** Calls that wait, counted: they are bounded in number and in bytes. */
export class WaitingRoom {
  readonly #limits: QueueLimits;
  #calls = 0;
  #bytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get calls(): number {
    return this.#calls;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there is a place for one more. */
  admits(call: Call): boolean {
    const { maxQueuedCalls, maxQueuedBytes } = this.#limits;
    return this.#calls < maxQueuedCalls && this.#bytes + call.bytes <= maxQueuedBytes;
  }

  enter(call: Call): void {
    call.phase = 'waiting';
    this.#calls++;
    this.#bytes += call.bytes;
  }

  leave(call: Call): void {
    this.#calls--;
    this.#bytes -= call.bytes;
  }
}
