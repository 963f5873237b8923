import type { ChatClientError } from './errors.ts';
import type { OutboxEntry, PendingMessage } from './types.ts';

export interface Acceptance {
  readonly seq: number;
  readonly run: string;
}

/**
 * One message of the user, from `send` until its run has ended (PROTOCOL.md §8.5): `queued` → `sent` → `accepted`; back to
 * `queued` when the socket was lost, by way of `delayed` when the server put it off; or `refused`.
 */
export class Outgoing implements PendingMessage {
  readonly thread: string;
  readonly id: string;
  readonly text: string;
  readonly accepted: Promise<Acceptance>;
  phase: 'queued' | 'sent' | 'delayed' | 'accepted' | 'refused' = 'queued';
  /** Attempts without an answer that settled it. */
  failures = 0;
  /** Those of them that the server blamed on itself. */
  internalErrors = 0;
  error: ChatClientError | undefined;
  acceptance: Acceptance | undefined;
  /** Of the wait for an answer (`sent`) or for the next attempt (`delayed`). */
  timer: ReturnType<typeof setTimeout> | undefined;
  readonly #settle: PromiseWithResolvers<Acceptance> = Promise.withResolvers<Acceptance>();

  constructor(thread: string, id: string, text: string) {
    this.thread = thread;
    this.id = id;
    this.text = text;
    this.accepted = this.#settle.promise;
    // Whoever does not look at the promise sees the refusal in the outbox.
    this.accepted.catch(() => undefined);
  }

  get unaccepted(): boolean {
    return this.phase !== 'accepted' && this.phase !== 'refused';
  }

  get state(): PendingMessage['state'] {
    if (this.phase === 'accepted' || this.phase === 'refused') return this.phase;
    return this.failures > 0 ? 'retrying' : 'sending';
  }

  get entry(): OutboxEntry | undefined {
    const { thread, id, text, state, error } = this;
    if (state === 'accepted') return undefined;
    return error === undefined ? { thread, id, text, state } : { thread, id, text, state, error };
  }

  accept(acceptance: Acceptance): void {
    this.#enter('accepted');
    this.acceptance = acceptance;
    this.#settle.resolve(acceptance);
  }

  refuse(error: ChatClientError): void {
    this.#enter('refused');
    this.error = error;
    this.#settle.reject(error);
  }

  /** To be sent again: `failed` tells whether an attempt was lost. */
  requeue(failed: boolean): void {
    this.#enter('queued');
    if (failed) this.failures++;
  }

  waitFor(phase: 'sent' | 'delayed', waitMs: number, then: () => void): void {
    this.#enter(phase);
    this.timer = setTimeout(then, waitMs);
  }

  #enter(phase: Outgoing['phase']): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.phase = phase;
    this.error = undefined;
  }
}
