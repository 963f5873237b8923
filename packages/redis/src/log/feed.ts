import { RedisManagerError } from '../errors.ts';
import type { RedisManager } from '../manager.ts';
import { entryFromMessage, headFromReply, type LogEntry, type LogHead, type LogKeys } from './entry.ts';

/** What a tail hears of its log. */
export interface FeedListener {
  entry(entry: LogEntry): void;
  /** Something may have been missed: read the log from your position. */
  stale(): void;
  /** Where the log stands; undefined if it is gone. */
  head(head: LogHead | undefined): void;
}

/** A log that was silent this long is looked at; with the read that follows, a gap is repaired within a second. */
const CHECK_EVERY_MS = 500;

/** The live side of one log: one subscription for all its tails, and a look at the log when the subscription is silent. */
export class Feed {
  readonly #manager: RedisManager;
  readonly #keys: LogKeys;
  readonly #listeners = new Set<FeedListener>();
  readonly #onIdle: () => void;
  #unsubscribe: (() => Promise<void>) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #heard = false;

  constructor(manager: RedisManager, keys: LogKeys, onIdle: () => void) {
    this.#manager = manager;
    this.#keys = keys;
    this.#onIdle = onIdle;
  }

  /** Listens until the returned function is called. */
  add(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    if (this.#unsubscribe === undefined) this.#open();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#close();
    };
  }

  #open(): void {
    const listener = {
      message: (text: string) => this.#message(text),
      active: () => this.#tell((one) => one.stale()),
    };
    this.#unsubscribe = this.#manager.subscribe(this.#keys.channel, listener, { sharded: true });
    this.#timer = setInterval(() => void this.#check(), CHECK_EVERY_MS);
  }

  #close(): void {
    clearInterval(this.#timer);
    const unsubscribe = this.#unsubscribe;
    this.#unsubscribe = undefined;
    void unsubscribe?.();
    this.#onIdle();
  }

  #message(text: string): void {
    this.#heard = true;
    const entry = entryFromMessage(text);
    if (entry !== undefined && 'body' in entry) this.#tell((listener) => listener.entry(entry));
    else this.#tell((listener) => listener.stale());
  }

  async #check(): Promise<void> {
    if (this.#heard) {
      this.#heard = false;
      return;
    }
    try {
      const reply = await this.#manager.call(['HMGET', this.#keys.head, 'seq', 'chain', 'first', 'origin']);
      const head = headFromReply(reply);
      this.#tell((listener) => listener.head(head));
    } catch (error) {
      // Redis is away. When it is back the subscription becomes active again and every tail reads from its position.
      if (!(error instanceof RedisManagerError)) throw error;
    }
  }

  #tell(what: (listener: FeedListener) => void): void {
    for (const listener of [...this.#listeners]) what(listener);
  }
}
