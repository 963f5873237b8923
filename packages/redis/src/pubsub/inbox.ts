/** Why messages are missing. */
export type GapReason =
  /** The connection was away: what was published meanwhile did not come. */
  | 'reconnected'
  /** The reader was too slow: the oldest were dropped. */
  | 'overflow'
  /** The codec could not read one. */
  | 'undecodable';

/** What is kept for a reader: messages as they came, since when they are heard, and where some are missing. */
export type Kept = { readonly text: string } | { readonly active: true } | { readonly gap: GapReason };

export interface InboxLimits {
  readonly maxBuffered: number;
  readonly maxBufferedBytes: number;
}

/** Messages between their arrival and their reader, bounded in number and bytes: what does not fit pushes out the oldest. */
export class Inbox {
  readonly #limits: InboxLimits;
  #kept: Kept[] = [];
  #bytes = 0;
  #overflowed = false;
  #arrived: PromiseWithResolvers<void> | undefined;

  constructor(limits: InboxLimits) {
    this.#limits = limits;
  }

  put(item: Kept): void {
    this.#kept.push(item);
    this.#bytes += bytesOf(item);
    const { maxBuffered, maxBufferedBytes } = this.#limits;
    while (this.#kept.length > maxBuffered || this.#bytes > maxBufferedBytes) {
      const dropped = this.#kept.shift();
      if (dropped === undefined) break;
      this.#bytes -= bytesOf(dropped);
      this.#overflowed = true;
    }
    this.wake();
  }

  /** Lets a reader that waits look again. */
  wake(): void {
    this.#arrived?.resolve();
    this.#arrived = undefined;
  }

  /** The next, and before it that some were dropped. */
  take(): Kept | undefined {
    if (this.#overflowed) {
      this.#overflowed = false;
      return { gap: 'overflow' };
    }
    const item = this.#kept.shift();
    if (item !== undefined) this.#bytes -= bytesOf(item);
    return item;
  }

  /** Resolves when something was put, or {@link wake} was called. */
  arrival(): Promise<void> {
    this.#arrived ??= Promise.withResolvers<void>();
    return this.#arrived.promise;
  }
}

function bytesOf(item: Kept): number {
  return 'text' in item ? Buffer.byteLength(item.text) : 0;
}
