import type { ChatTransport } from 'ai';
import { type ChatClient, ChatClientError } from '../client/index.ts';
import type { ChatChunk, ChatMessage } from '../protocol/index.ts';
import { anchored, caughtUp } from './catch-up.ts';
import { RunFeed } from './run-feed.ts';

type SendOptions = Parameters<ChatTransport<ChatMessage>['sendMessages']>[0];
type ReconnectOptions = Parameters<ChatTransport<ChatMessage>['reconnectToStream']>[0];

/**
 * AI SDK's transport over a chat client. The chat's id is the thread's. Lost sockets do not show in its streams; a stream
 * that is aborted (`stop`, or unmounting) does not stop the run on the server.
 *
 * For a page that also shows what other tabs ask, use `useThread` of `@taproot/chat/react`.
 *
 * @example
 * const transport = createChatTransport(client);
 * const { messages, sendMessage } = useChat({ id: threadId, messages: history, transport, resume: true });
 */
export function createChatTransport(client: ChatClient): ChatTransport<ChatMessage> {
  return new TaprootTransport(client);
}

class TaprootTransport implements ChatTransport<ChatMessage> {
  /** `reconnectToStream` gives the whole message again. */
  readonly resumeStreamIsReplay = true;
  readonly #client: ChatClient;
  readonly #feeds = new Map<string, RunFeed>();
  readonly #off: () => void;

  constructor(client: ChatClient) {
    this.#client = client;
    this.#off = client.on('connection', () => {
      if (!client.closed) return;
      // The words by which AI SDK tells a lost connection from a failed answer.
      for (const feed of this.#feeds.values())
        feed.fail(new TypeError('network error: the chat client was closed'));
    });
  }

  sendMessages = async (options: SendOptions): Promise<ReadableStream<ChatChunk>> => {
    const { id, text } = messageOf(options);
    const feed = this.#feed(options.chatId);
    // Attached first: what the run says before the attachment would be missed.
    await anchored(feed.view, options.abortSignal);
    const { readable, bind } = feed.streamOfMessage(id);
    const { accepted } = this.#client.send(options.chatId, text, { id });
    try {
      bind((await unlessAborted(accepted, options.abortSignal)).run);
    } catch (error) {
      await readable.cancel();
      throw error;
    }
    return readable;
  };

  reconnectToStream = async (options: ReconnectOptions): Promise<ReadableStream<ChatChunk> | null> => {
    const feed = this.#feed(options.chatId);
    await caughtUp(this.#client, feed, options.abortSignal);
    const { active } = feed;
    return active === undefined ? null : feed.stream(active.run);
  };

  close = (): void => {
    this.#off();
    for (const feed of this.#feeds.values()) feed.dispose();
    this.#feeds.clear();
  };

  #feed(thread: string): RunFeed {
    const known = this.#feeds.get(thread);
    if (known !== undefined) return known;
    const feed = new RunFeed(this.#client.thread(thread));
    this.#feeds.set(thread, feed);
    return feed;
  }
}

function messageOf({ trigger, messageId, messages }: SendOptions): {
  readonly id: string;
  readonly text: string;
} {
  const message = messages.at(-1);
  const parts = message?.parts.flatMap((part) => (part.type === 'text' ? part.text : [])) ?? [];
  const plain = parts.length > 0 && parts.length === message?.parts.length;
  if (trigger === 'submit-message' && messageId === undefined && message?.role === 'user' && plain) {
    return { id: message.id, text: parts.join('\n') };
  }
  const what = 'Only new messages of text can be sent: no regeneration, no edits, no files';
  throw new ChatClientError('not-supported', what, { applied: 'no' });
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
