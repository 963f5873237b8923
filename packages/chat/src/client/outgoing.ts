import type { CommandFrame, ErrorFrame, Limits, RunOutcome } from '../protocol/index.ts';
import { ChatClientError } from './errors.ts';
import { messageId } from './message-id.ts';
import type { KeptCommand } from './storage.ts';
import type { OutboxEntry, PendingCommand } from './types.ts';

export interface Acceptance {
  /** Of the entry that records it; 0 for a stop, of which only the outcome is told. */
  readonly seq: number;
  readonly run: string;
  readonly outcome?: RunOutcome;
}

/** PROTOCOL.md §11, `internal`. */
const MAX_INTERNAL_ERRORS = 5;

/**
 * One command of the user until its run has ended (PROTOCOL.md §8.5): `queued` → `sent` → `accepted`; back to `queued` when
 * the socket was lost, by way of `delayed` when the server put it off; or `refused`. `moving`: its thread was made just now.
 */
export class Outgoing implements PendingCommand {
  /** Of this command in a storage. */
  readonly key: string;
  readonly order: number;
  command: CommandFrame;
  readonly accepted: Promise<Acceptance>;
  phase: 'moving' | 'queued' | 'sent' | 'delayed' | 'accepted' | 'refused' = 'queued';
  /** Attempts without an answer that settled it. */
  failures = 0;
  error: ChatClientError | undefined;
  acceptance: Acceptance | undefined;
  /** Of the wait for an answer (`sent`) or for the next attempt (`delayed`). */
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Errors that the server blamed on itself. */
  #internalErrors = 0;
  readonly #settle: PromiseWithResolvers<Acceptance> = Promise.withResolvers<Acceptance>();

  constructor(command: CommandFrame, { key, order, refusal }: Partial<KeptCommand> = {}) {
    this.key = key ?? messageId();
    this.order = order ?? nextOrder();
    this.command = command;
    this.accepted = this.#settle.promise;
    // Whoever does not look at the promise sees the refusal in the outbox.
    this.accepted.catch(() => undefined);
    if (refusal) this.refuse(new ChatClientError(refusal.code, refusal.message, { applied: 'no' }));
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

  isSame(other: Outgoing): boolean {
    const stops = this.command.type === 'stop';
    return this.thread === other.thread && this.id === other.id && stops === (other.command.type === 'stop');
  }

  /** Too long a frame would end the socket; escaped control characters can make one six times its text. */
  isOver({ maxTextBytes, maxFrameBytes }: Limits): boolean {
    return bytesOf(this.text) > maxTextBytes || bytesOf(JSON.stringify(this.command)) > maxFrameBytes;
  }

  /** Its thread exists now; it is not sent before `letGo`. */
  moveTo(thread: string): void {
    this.command = { ...this.command, thread };
    if (this.phase === 'queued') this.#enter('moving');
  }

  letGo(): void {
    if (this.phase === 'moving') this.#enter('queued');
  }

  /** An attempt came to nothing; it waits for the next. */
  failed(error: ChatClientError): void {
    if (!this.unaccepted) return;
    this.failures++;
    this.error = error;
  }

  /** Whether it is worth another attempt after this error. */
  mayPass({ code, retryAfterMs }: ErrorFrame): boolean {
    if (code === 'internal') this.#internalErrors++;
    if (this.#internalErrors > MAX_INTERNAL_ERRORS) return false;
    // An unknown code with a time to wait is from a newer server (PROTOCOL.md §11).
    const known = code === 'redis-unavailable' || code === 'queue-full' || code === 'internal';
    return known || retryAfterMs !== undefined;
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

  /** `then`: it is queued again. An answer that did not come is a failure. */
  waitFor(phase: 'sent' | 'delayed', waitMs: number, then: () => void): void {
    this.#enter(phase);
    this.timer = setTimeout(() => {
      this.requeue(phase === 'sent');
      then();
    }, waitMs);
  }

  #enter(phase: Outgoing['phase']): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.phase = phase;
    this.error = undefined;
  }
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

let lastOrder = 0;

/** By the clock, so that what was given before a reload comes first. */
function nextOrder(): number {
  lastOrder = Math.max(lastOrder + 1, Date.now());
  return lastOrder;
}
