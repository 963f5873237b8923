import type { ChatMessage } from '../../protocol/index.ts';

/** Bytes after which a page ends, whatever its `limit` (PROTOCOL.md §13). */
export const MAX_PAGE_BYTES: number = 4 * 1024 * 1024;

/** A turn that may go on a page. */
export interface PageTurn {
  readonly run: string;
  readonly question: ChatMessage;
  /** Whether its run has ended. */
  readonly ended: boolean;
  /** Its answer, if it has one; `too-large` if that does not fit a page that has others. */
  readonly answer: () => Promise<ChatMessage | undefined | 'too-large'>;
  readonly bytes: number;
}

/** Messages that are collected from the newest to older ones, up to a number and to a size. */
export class Page {
  readonly #newestFirst: ChatMessage[] = [];
  readonly #waiting: { id: string; run: string }[] = [];
  readonly #limit: number;
  #bytes = 0;
  #more = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Puts a turn before all others. False if no older one fits. */
  async take({ run, question, ended, answer, bytes }: PageTurn): Promise<boolean> {
    if (this.full) return false;
    const message = this.#bytes >= MAX_PAGE_BYTES ? 'too-large' : await answer();
    this.#more = message === 'too-large';
    if (message === 'too-large') return false;
    this.#bytes += bytes;
    if (message !== undefined) this.#newestFirst.push(message);
    if (this.full) return false;
    this.#newestFirst.push(question);
    if (!ended) this.#waiting.unshift({ id: question.id, run });
    return !this.full;
  }

  get full(): boolean {
    return this.#newestFirst.length >= this.#limit;
  }

  /** Oldest first. */
  get messages(): ChatMessage[] {
    return this.#newestFirst.toReversed();
  }

  /** Messages whose runs have not ended. */
  get waiting(): readonly { readonly id: string; readonly run: string }[] {
    return this.#waiting;
  }

  /** It ended by its size. */
  get more(): boolean {
    return this.#more;
  }
}
