import { pause, type RedisManager, RedisManagerError } from '@taproot/redis';
import { CareIndex, type Due } from './care-index.ts';
import { Retention, type RetentionOptions } from './retention.ts';
import { ThreadIndex } from './search/thread-index.ts';

export interface CaretakerOptions {
  readonly manager: RedisManager;
  readonly retention: RetentionOptions;
  /** How often each thread is looked after though nothing happens in it, in ms. */
  readonly careEveryMs: number;
  /** Told of failures that no client sees. */
  readonly onError: (error: unknown) => void;
}

const SWEEP_EVERY_MS = 1000;
/** Threads of a partition that one sweep looks after. */
const PAGE = 20;
/** How long others leave a thread to the one who began to look after it. */
const CLAIM_MS = 60_000;

/** Looks after threads: folds and trims their logs, and makes their entries in the users' indexes right. */
export class Caretaker {
  readonly #options: CaretakerOptions;
  readonly #index: CareIndex;
  readonly #threads: ThreadIndex;
  readonly #retention: Retention;
  readonly #stopping = new AbortController();
  #sweeping: Promise<void> | undefined;

  constructor(options: CaretakerOptions) {
    this.#options = options;
    this.#index = new CareIndex(options.manager);
    this.#threads = new ThreadIndex(options.manager);
    this.#retention = new Retention(options.manager, options.retention);
  }

  start(): void {
    this.#sweeping = this.#sweep();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#sweeping;
  }

  /** After something has happened in a thread. */
  async look(thread: string): Promise<void> {
    await this.#care((await this.#index.of(thread)) ?? { thread, at: '' });
  }

  async #care(due: Due): Promise<void> {
    const { thread } = due;
    const [trimInMs, document] = await Promise.all([
      this.#retention.trim(thread, this.#stopping.signal),
      this.#threads.refresh(thread),
    ]);
    const { careEveryMs } = this.#options;
    const inMs = Math.max(Math.min(careEveryMs, trimInMs ?? careEveryMs), SWEEP_EVERY_MS);
    if (due.at !== '') await this.#index.reschedule(due, document && inMs);
    // The index may have been lost.
    else if (document !== undefined) await this.#index.intend(thread, inMs);
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#stopping;
    const { manager, onError } = this.#options;
    while (!signal.aborted) {
      // Several processes sweep; that they do not all begin at the same thread is left to chance.
      await pause(SWEEP_EVERY_MS * (0.5 + Math.random()), signal);
      if (signal.aborted || manager.state !== 'ready') continue;
      for (const due of await this.#index.due(PAGE)) {
        if (signal.aborted) return;
        try {
          await this.#claim(due);
        } catch (error) {
          // It is due again when the claim ends.
          if (!(error instanceof RedisManagerError)) onError(error);
        }
      }
    }
  }

  async #claim(due: Due): Promise<void> {
    if (!(await this.#index.reschedule(due, CLAIM_MS))) return;
    const claimed = await this.#index.of(due.thread);
    if (claimed !== undefined) await this.#care(claimed);
  }
}
