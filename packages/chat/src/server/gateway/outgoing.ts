import type { WebSocket } from 'ws';
import { PAUSE_OUTGOING_BYTES } from './limits.ts';

export interface OutgoingOptions {
  readonly socket: WebSocket;
  readonly maxBytes: number;
  /** Told once more than that would wait. */
  readonly tooMuch: () => void;
}

/** What one socket still has to send. Bounded: answers by `maxBytes`, events by far less, for they can wait in Redis. */
export class Outgoing {
  readonly #options: OutgoingOptions;
  /** The last event that waits for room; events go one after the other, however many threads they come from. */
  #line: Promise<void> = Promise.resolve();
  #inLine = 0;
  #sent = 0;
  #flushed = 0;
  /** The newest frame at the time of some {@link age}: until it is flushed the socket is behind. */
  #mark = 0;
  #age = 0;

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#options.socket.bufferedAmount;
  }

  send(text: string): void {
    const { socket, maxBytes, tooMuch } = this.#options;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > maxBytes) tooMuch();
    else this.#put(text);
  }

  /** Resolves when the socket can take the next. */
  event(text: string): Promise<void> {
    const { socket } = this.#options;
    if (this.#inLine === 0 && socket.bufferedAmount < PAUSE_OUTGOING_BYTES) {
      if (socket.readyState === socket.OPEN) this.#put(text);
      return Promise.resolve();
    }
    this.#inLine++;
    this.#line = this.#line.then(() => this.#putAndFlush(text)).finally(() => this.#inLine--);
    return this.#line;
  }

  /**
   * For how many calls in a row a frame has been waiting. Counted, not timed: a process that was held up for a while must not
   * take its clients for slow.
   */
  age(): number {
    if (this.#flushed >= this.#mark) {
      this.#mark = this.#sent;
      this.#age = 0;
    }
    return this.#sent === this.#flushed ? 0 : ++this.#age;
  }

  #put(text: string): void {
    this.#sent++;
    this.#options.socket.send(text, this.#onFlushed);
  }

  #putAndFlush(text: string): Promise<void> {
    const { socket } = this.#options;
    if (socket.readyState !== socket.OPEN) return Promise.resolve();
    this.#sent++;
    return new Promise((resolve) => {
      socket.send(text, () => {
        this.#onFlushed();
        resolve();
      });
    });
  }

  readonly #onFlushed = (): void => {
    this.#flushed++;
  };
}
