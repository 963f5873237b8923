import type { CommandFrame, RunOutcome } from '../protocol/index.ts';
import type { ChatClientError } from './errors.ts';
import type { OutboxEntry, PendingCommand } from './types.ts';

export interface Acceptance {
  /** Of the entry that records it; 0 for a stop, of which only the outcome is told. */
  readonly seq: number;
  readonly run: string;
  readonly outcome?: RunOutcome;
}

/**
 * One command of the user until its run has ended (PROTOCOL.md §8.5): `queued` → `sent` → `accepted`; back to `queued` when
 * the socket was lost, by way of `delayed` when the server put it off; or `refused`.
 */
export class Outgoing implements PendingCommand {
  readonly command: CommandFrame;
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

  constructor(command: CommandFrame) {
    this.command = command;
    this.accepted = this.#settle.promise;
    // Whoever does not look at the promise sees the refusal in the outbox.
    this.accepted.catch(() => undefined);
  }

  get thread(): string {
    return this.command.thread;
  }

  /** The `ref` of errors about it. */
  get id(): string {
    const { command } = this;
    if (command.type === 'answer') return command.callId;
    return command.id ?? (command.type === 'stop' ? (command.run ?? '') : '');
  }

  get text(): string {
    return 'text' in this.command ? (this.command.text ?? '') : '';
  }

  /** Goes ahead of messages that wait for their turn: it is about what is under way. */
  get urgent(): boolean {
    return this.command.type === 'stop' || this.command.type === 'answer';
  }

  get unaccepted(): boolean {
    return this.phase !== 'accepted' && this.phase !== 'refused';
  }

  get state(): PendingCommand['state'] {
    if (this.phase === 'accepted' || this.phase === 'refused') return this.phase;
    return this.failures > 0 ? 'retrying' : 'sending';
  }

  get entry(): OutboxEntry | undefined {
    const { command, thread, id, text, state, error } = this;
    if (state === 'accepted') return undefined;
    return { thread, id, text, state, command, ...(error !== undefined && { error }) };
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
