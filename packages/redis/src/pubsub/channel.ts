import { RedisManagerError } from '../errors.ts';
import type { RedisManager } from '../manager.ts';
import { numberOption } from '../number-option.ts';
import type { MessageCodec } from './codec.ts';
import { type GapReason, Inbox, type InboxLimits, type Kept } from './inbox.ts';

/** What a subscriber is told by callbacks. An error that one throws is an uncaught exception of the process. */
export interface Subscriber<T> {
  message(value: T): void;
  /** Messages are missing here. */
  gap?(reason: GapReason): void;
  /** From now on messages are heard; once. */
  active?(): void;
}

/** What an iterating subscriber is given. The first is `active`: from then on messages are heard. */
export type ChannelItem<T> =
  | { readonly kind: 'active' }
  | { readonly kind: 'message'; readonly value: T }
  | { readonly kind: 'gap'; readonly reason: GapReason };

/** Options of {@link Channel.messages}. */
export interface MessagesOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
  /** Items kept for a reader that is busy, at least 1; more push out the oldest, which is told as a gap. @default 1000 */
  readonly maxBuffered?: number;
  /** Bytes of the messages that are kept. @default 16 MiB */
  readonly maxBufferedBytes?: number;
}

export const DEFAULT_MESSAGES = { maxBuffered: 1000, maxBufferedBytes: 16_777_216 } as const;

const CLOSED: ReadonlySet<string> = new Set(['closing', 'closed']);

export interface ChannelOptions<T> {
  /** As Redis knows it. */
  readonly channel: string;
  readonly codec: MessageCodec<T>;
  readonly maxMessageBytes: number;
}

/** A channel whose messages have one type. Redis keeps none: who is not subscribed when one is published never sees it. */
export class Channel<T> {
  readonly #manager: RedisManager;
  readonly #options: ChannelOptions<T>;

  constructor(manager: RedisManager, options: ChannelOptions<T>) {
    this.#manager = manager;
    this.#options = options;
  }

  /** Sends to all who are subscribed now, and gives how many connections that were (on a Cluster, of one node). Rejects `too-large`, `codec`. */
  async publish(value: T): Promise<number> {
    const { channel, codec, maxMessageBytes } = this.#options;
    const text = codec.encode(value);
    if (Buffer.byteLength(text) > maxMessageBytes) {
      const details = { code: 'too-large', retryable: false, applied: 'no' } as const;
      throw new RedisManagerError(`A message may have ${maxMessageBytes} bytes`, details);
    }
    return Number(await this.#manager.call(['PUBLISH', channel, text]));
  }

  /** Hears messages until the returned function is called, or `signal` aborts. */
  subscribe(subscriber: Subscriber<T>, options: { readonly signal?: AbortSignal } = {}): () => Promise<void> {
    return this.#listen(options.signal, (kept) => {
      const item = this.#read(kept);
      guarded(() => {
        if (item.kind === 'active') subscriber.active?.();
        else if (item.kind === 'gap') subscriber.gap?.(item.reason);
        else subscriber.message(item.value);
      });
    });
  }

  /** Messages one by one, until `signal` aborts, the loop is left or the manager is closed. Begins to hear when it is first asked for an item. */
  async *messages(options: MessagesOptions = {}): AsyncGenerator<ChannelItem<T>, void, undefined> {
    const { signal } = options;
    const inbox = new Inbox(limitsOf(options));
    const end = this.#listen(signal, (kept) => inbox.put(kept));
    const wake = (): void => inbox.wake();
    const offState = this.#manager.on('state', wake);
    signal?.addEventListener('abort', wake, { once: true });
    try {
      while (!signal?.aborted && !CLOSED.has(this.#manager.state)) {
        const kept = inbox.take();
        if (kept === undefined) await inbox.arrival();
        else yield this.#read(kept);
      }
    } finally {
      offState();
      signal?.removeEventListener('abort', wake);
      // Not waited for: on a connection that is silent it could take long.
      void end();
    }
  }

  #listen(signal: AbortSignal | undefined, hear: (kept: Kept) => void): () => Promise<void> {
    if (signal?.aborted) return async () => undefined;
    let before = false;
    const unsubscribe = this.#manager.subscribe(this.#options.channel, {
      message: (text) => hear({ text }),
      active: () => {
        hear(before ? { gap: 'reconnected' } : { active: true });
        before = true;
      },
    });
    const end = async (): Promise<void> => {
      signal?.removeEventListener('abort', end);
      await unsubscribe();
    };
    signal?.addEventListener('abort', end, { once: true });
    return end;
  }

  #read(kept: Kept): ChannelItem<T> {
    if ('active' in kept) return { kind: 'active' };
    if ('gap' in kept) return { kind: 'gap', reason: kept.gap };
    try {
      return { kind: 'message', value: this.#options.codec.decode(kept.text) };
    } catch {
      // Whoever may publish here may publish anything; the subscriber is told and goes on.
      return { kind: 'gap', reason: 'undecodable' };
    }
  }
}

function limitsOf({ maxBuffered, maxBufferedBytes }: MessagesOptions): InboxLimits {
  return {
    maxBuffered: numberOption('maxBuffered', maxBuffered ?? DEFAULT_MESSAGES.maxBuffered, 1),
    maxBufferedBytes: numberOption(
      'maxBufferedBytes',
      maxBufferedBytes ?? DEFAULT_MESSAGES.maxBufferedBytes,
      1,
    ),
  };
}

/** A subscriber's fault must not keep the others of the process from hearing. */
function guarded(tell: () => void): void {
  try {
    tell();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
