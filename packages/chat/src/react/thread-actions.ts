import { type ChatClient, ChatClientError, type PendingMessage } from '../client/index.ts';
import type { SentMessages } from './sent-messages.ts';
import type { SnapshotChange } from './session-state.ts';

export interface ThreadActionsOptions {
  readonly client: ChatClient;
  /** Another one once a provisional thread was made. */
  readonly thread: () => string;
  readonly sent: SentMessages;
  /** The run that is shown. */
  readonly running: () => string | undefined;
  readonly publish: (change: SnapshotChange) => void;
}

/** What a user can do in a thread. What comes of it is seen in the log; a refusal is told in the snapshot. */
export class ThreadActions {
  readonly #options: ThreadActionsOptions;

  constructor(options: ThreadActionsOptions) {
    this.#options = options;
  }

  send = (text: string): string => {
    const { client, thread } = this.#options;
    return this.#said(client.send(thread(), text));
  };

  edit = (of: string, text: string): string => {
    const { client, thread } = this.#options;
    return this.#said(client.edit(thread(), of, text));
  };

  regenerate = (of: string): void => {
    const { client, thread } = this.#options;
    void this.#told(client.regenerate(thread(), of).accepted);
  };

  /** The run that is shown, or the one of a message. */
  stop = (id?: string): void => {
    const { client, thread, running, publish } = this.#options;
    const run = running();
    if (id !== undefined) void this.#told(client.stop(thread(), { id }));
    else if (run !== undefined) {
      const told = this.#told(client.stop(thread(), { run }));
      publish({ stopping: run });
      void told.then((done) => done || publish({ stopping: undefined }));
    }
  };

  answer = (run: string, callId: string, approve: boolean): void => {
    const { client, thread } = this.#options;
    void this.#told(client.answer(thread(), run, callId, approve));
  };

  discard = (id: string): void => {
    const { client, sent, publish } = this.#options;
    sent.discarded(id);
    client.discard(id);
    publish({});
  };

  #said(message: PendingMessage): string {
    this.#options.publish({ refusal: undefined });
    return message.id;
  }

  /** Whether it was done. */
  async #told(done: Promise<unknown>): Promise<boolean> {
    const { client, publish } = this.#options;
    publish({ refusal: undefined });
    try {
      await done;
      return true;
    } catch (error) {
      if (!client.closed) publish({ refusal: asClientError(error, 'That was not possible') });
      return false;
    }
  }
}

export function asClientError(error: unknown, message: string): ChatClientError {
  return error instanceof ChatClientError
    ? error
    : new ChatClientError('bad-answer', message, { cause: error });
}
