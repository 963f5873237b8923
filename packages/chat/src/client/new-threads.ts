import { ChatClientError } from './errors.ts';

export interface NewThreadsOptions {
  /** Makes a thread on the server and returns its id. */
  readonly create: () => Promise<string>;
  /** The messages of the provisional thread belong to this one now. */
  readonly onCreated: (provisional: string, thread: string) => Promise<void>;
  /** It did not work; tried again when `create` is called, which may be now. */
  readonly onFailed: (provisional: string, error: ChatClientError) => void;
  readonly onRefused: (provisional: string, error: ChatClientError) => void;
}

const RETRY_MS = 1_000;

/** Makes threads for messages that were written before there was one. */
export class NewThreads {
  readonly #options: NewThreadsOptions;
  readonly #creating = new Set<string>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(options: NewThreadsOptions) {
    this.#options = options;
  }

  /** Once at a time; what fails is asked for again. */
  create(provisional: string): void {
    if (this.#creating.has(provisional)) return;
    this.#creating.add(provisional);
    void this.#create(provisional);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async #create(provisional: string): Promise<void> {
    try {
      await this.#options.onCreated(provisional, await this.#options.create());
      this.#creating.delete(provisional);
    } catch (cause) {
      const error =
        cause instanceof ChatClientError
          ? cause
          : new ChatClientError('bad-answer', 'The thread was not made', { cause });
      if (passes(error)) this.#later(provisional, error);
      else {
        this.#creating.delete(provisional);
        this.#options.onRefused(provisional, error);
      }
    }
  }

  #later(provisional: string, error: ChatClientError): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#creating.delete(provisional);
      this.#options.onFailed(provisional, error);
    }, error.retryAfterMs ?? RETRY_MS);
    this.#timers.add(timer);
  }
}

/** A sign-in, a limit or an outage passes; any other refusal would be the same next time. */
function passes({ code, status }: ChatClientError): boolean {
  return code === 'network' || status === undefined || status >= 500 || [401, 408, 429].includes(status);
}
