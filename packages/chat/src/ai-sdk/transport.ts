import type { ChatTransport } from 'ai';
import { type ChatClient, messageId, type PendingMessage, type StopTarget } from '../client/index.ts';
import type { ChatChunk, ChatMessage } from '../protocol/index.ts';
import { anchored, caughtUp } from './catch-up.ts';
import { type Order, orderOf } from './order.ts';
import { RunFeed } from './run-feed.ts';

type SendOptions = Parameters<ChatTransport<ChatMessage>['sendMessages']>[0];
type ReconnectOptions = Parameters<ChatTransport<ChatMessage>['reconnectToStream']>[0];

export interface TransportOptions {
  /**
   * Whether aborting a stream ends its run on the server. AI SDK aborts it for `stop()`, and also when a `useChat` that made
   * its own chat unmounts; where answers are to go on then, give `useChat` a `chat` that outlives it, or set this to false.
   * @default true
   */
  readonly stopOnAbort?: boolean;
}

/**
 * AI SDK's transport over a chat client. The chat's id is the thread's. Lost sockets do not show in its streams; `stop()`
 * ends the run on the server, also one that was resumed. A call that waits for the user is answered by the client's `answer`.
 *
 * For a page that also shows what other tabs ask, use `useThread` of `@taproot/chat/react`.
 *
 * @example
 * const transport = createChatTransport(client);
 * const { messages, sendMessage } = useChat({ id: threadId, messages: history, transport, resume: true });
 */
export function createChatTransport(
  client: ChatClient,
  options: TransportOptions = {},
): ChatTransport<ChatMessage> {
  return new TaprootTransport(client, options);
}

class TaprootTransport implements ChatTransport<ChatMessage> {
  /** `reconnectToStream` gives the whole message again. */
  readonly resumeStreamIsReplay = true;
  readonly #client: ChatClient;
  readonly #stopOnAbort: boolean;
  readonly #feeds = new Map<string, RunFeed>();
  /** An edited message keeps its id in the chat and has a new one on the server. */
  readonly #editedAs = new Map<string, string>();
  /** Resumptions so far. AI SDK aborts one for the next, which stops nothing. */
  #resumptions = 0;
  readonly #off: () => void;

  constructor(client: ChatClient, { stopOnAbort = true }: TransportOptions) {
    this.#client = client;
    this.#stopOnAbort = stopOnAbort;
    this.#off = client.on('connection', () => {
      if (!client.closed) return;
      // The words by which AI SDK tells a lost connection from a failed answer.
      for (const feed of this.#feeds.values())
        feed.fail(new TypeError('network error: the chat client was closed'));
    });
  }

  sendMessages = async (options: SendOptions): Promise<ReadableStream<ChatChunk>> => {
    const { chatId, abortSignal } = options;
    const order = orderOf(options);
    const feed = this.#feed(chatId);
    // Attached first: what the run says before the attachment would be missed.
    await anchored(feed.view, abortSignal);
    const id = order.type === 'send' ? order.id : messageId();
    const { readable, bind } = feed.streamOfMessage(id);
    const accepted = this.#submit(chatId, id, order);
    this.#stopWith(abortSignal, chatId, { id });
    try {
      bind((await unlessAborted(accepted, abortSignal)).run);
    } catch (error) {
      await readable.cancel();
      throw error;
    }
    return readable;
  };

  reconnectToStream = async (options: ReconnectOptions): Promise<ReadableStream<ChatChunk> | null> => {
    this.#resumptions++;
    const feed = this.#feed(options.chatId);
    await caughtUp(this.#client, feed, options.abortSignal);
    const { active } = feed;
    if (active === undefined) return null;
    this.#stopWith(options.abortSignal, options.chatId, active);
    return feed.stream(active.run);
  };

  close = (): void => {
    this.#off();
    for (const feed of this.#feeds.values()) feed.dispose();
    this.#feeds.clear();
  };

  #submit(thread: string, id: string, order: Order): PendingMessage['accepted'] {
    if (order.type === 'send') return this.#client.send(thread, order.text, { id }).accepted;
    const of = this.#editedAs.get(order.of) ?? order.of;
    if (order.type === 'regenerate') return this.#client.regenerate(thread, of, { id }).accepted;
    this.#editedAs.set(order.of, id);
    const { accepted } = this.#client.edit(thread, of, order.text, { id });
    // Refused: the message is what it was.
    accepted.catch(() => this.#editedAs.get(order.of) === id && this.#editedAs.set(order.of, of));
    return accepted;
  }

  #stopWith(signal: AbortSignal | undefined, thread: string, target: StopTarget): void {
    if (signal === undefined || !this.#stopOnAbort) return;
    const resumptions = this.#resumptions;
    const stop = (): void => {
      if (!this.#client.closed && resumptions === this.#resumptions) void this.#client.stop(thread, target);
    };
    // Later, because the resumption for which this one is aborted begins right after.
    signal.addEventListener('abort', () => setTimeout(stop), { once: true });
  }

  #feed(thread: string): RunFeed {
    const known = this.#feeds.get(thread);
    if (known !== undefined) return known;
    const feed = new RunFeed(this.#client.thread(thread));
    this.#feeds.set(thread, feed);
    return feed;
  }
}

/** Ends the wait, not the sending: the user's words are to arrive also when the page looks away. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}
