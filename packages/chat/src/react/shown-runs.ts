import { Chat } from '@ai-sdk/react';
import type { Cut } from '../ai-sdk/index.ts';
import { ChatClientError } from '../client/index.ts';
import type { ChatChunk, ChatMessage } from '../protocol/index.ts';
import type { SentMessages } from './sent-messages.ts';
import type { SnapshotChange } from './session-state.ts';
import { cutOff, type Shown, ShowQueue } from './show-queue.ts';
import { asClientError } from './thread-actions.ts';

export interface ShownRunsOptions {
  readonly thread: string;
  readonly sent: SentMessages;
  readonly publish: (change: SnapshotChange) => void;
  /** No run is shown any more. */
  readonly onIdle: () => void;
  /** What is cut off then is no failure of an answer. */
  readonly closed: () => boolean;
}

/** Puts runs into AI SDK's chat, one after the other: it would abandon the first stream for a second one. */
export class ShownRuns {
  readonly chat: Chat<ChatMessage>;
  readonly #options: ShownRunsOptions;
  readonly #queue: ShowQueue;
  #showing: Shown | undefined;

  constructor(options: ShownRunsOptions) {
    this.#options = options;
    this.#queue = new ShowQueue(options.sent);
    const sendMessages = (): Promise<never> => {
      const what = 'Messages of this chat are sent by the `send` of its thread';
      return Promise.reject(new ChatClientError('not-supported', what, { applied: 'no' }));
    };
    // A stream of the feed begins with the run's first event.
    const reconnectToStream = (): Promise<ReadableStream<ChatChunk> | null> =>
      Promise.resolve(this.#showing?.stream.locked === false ? this.#showing.stream : null);
    this.chat = new Chat<ChatMessage>({
      id: options.thread,
      transport: { resumeStreamIsReplay: true, sendMessages, reconnectToStream },
    });
  }

  push(next: Shown | Cut): void {
    this.#queue.push(next);
    if (this.#showing === undefined) void this.#show();
  }

  /** Ends what is shown here; the runs on the server go on. */
  halt(): void {
    this.#queue.clear();
    if (this.#showing !== undefined) void this.chat.stop();
  }

  has(id: string): boolean {
    return this.chat.messages.some((message) => message.id === id);
  }

  async #show(): Promise<void> {
    const { publish, closed, onIdle } = this.#options;
    for (let next = this.#queue.next(); next !== undefined; next = this.#queue.next()) {
      if (!('run' in next)) {
        this.chat.messages = cutOff(this.chat.messages, next);
        continue;
      }
      this.#showing = next;
      this.#place(next.run);
      publish({ status: 'running', run: next.run });
      await this.chat.resumeStream();
      if (this.chat.status !== 'error' || closed()) continue;
      publish({ error: asClientError(this.chat.error, 'An answer could not be shown') });
      this.chat.clearError();
    }
    this.#showing = undefined;
    onIdle();
  }

  /** The user's message joins the conversation when its run starts. */
  #place(run: string): void {
    const message = this.#options.sent.takeFor(run);
    if (message !== undefined && !this.has(message.id)) this.chat.messages = [...this.chat.messages, message];
  }
}
