import type { OutboxEntry, PendingMessage } from '../client/index.ts';
import type { ChatMessage } from '../protocol/index.ts';
import type { PendingItem } from './session-state.ts';

/**
 * The user's messages that are not in the conversation: accepted ones in the order of the log, then those of this page
 * that are on their way. One leaves only when the next run starts, so that it cannot be missing from both.
 */
export class SentMessages {
  #waiting: readonly ChatMessage[] = [];
  #sent: readonly PendingMessage[] = [];
  readonly #placed = new Set<string>();
  /** Runs that ended before they started. */
  readonly #stopped = new Set<string>();

  /** What the history says: those that wait, and the ids of the conversation. */
  restart(waiting: readonly ChatMessage[], conversation: readonly string[]): void {
    for (const id of conversation) this.#placed.add(id);
    this.#prune();
    this.#waiting = waiting;
    this.#stopped.clear();
  }

  stopped(run: string): void {
    this.#stopped.add(run);
  }

  /** Whether the run's message is the next one; a message that was stopped does not go ahead of those before it. */
  isNext(run: string): boolean {
    const waiting = this.#waiting.filter(({ id }) => !this.#placed.has(id));
    const place = waiting.findIndex(({ metadata }) => metadata?.run === run);
    return place <= 0;
  }

  queued(message: ChatMessage): void {
    if (!this.#waiting.some(({ id }) => id === message.id)) this.#waiting = [...this.#waiting, message];
  }

  sent(message: PendingMessage): void {
    if (!this.#sent.includes(message)) this.#sent = [...this.#sent, message];
  }

  clear(): void {
    this.#waiting = [];
    this.#sent = [];
    this.#placed.clear();
    this.#stopped.clear();
  }

  discarded(id: string): void {
    this.#sent = this.#sent.filter((message) => message.id !== id);
  }

  /** The message that a run answers: by its run, else the first of those that wait, as runs are serial. */
  takeFor(run: string): ChatMessage | undefined {
    this.#prune();
    const found =
      this.#waiting.find(({ metadata }) => metadata?.run === run) ??
      this.#waiting.find(({ metadata }) => metadata?.run === undefined);
    if (found !== undefined) this.#placed.add(found.id);
    return found;
  }

  /** `outbox` holds the entries of this thread. */
  pending(outbox: readonly OutboxEntry[]): readonly PendingItem[] {
    const known = new Set([...this.#waiting, ...outbox].map(({ id }) => id));
    const between = this.#sent.filter(({ state, id }) => state === 'accepted' && !known.has(id));
    const waiting = new Set(this.#waiting.map(({ id }) => id));
    return [
      ...this.#waiting.map(({ id, parts, metadata }): PendingItem => {
        const state = this.#stopped.has(metadata?.run ?? '') ? 'stopped' : 'waiting';
        return { id, text: textOf(parts), state };
      }),
      ...between.map(({ id, text }): PendingItem => ({ id, text, state: 'waiting' })),
      ...outbox.filter(({ id }) => !waiting.has(id)).map(itemOf),
    ];
  }

  /** Forgets those that the conversation has had for a whole run. */
  #prune(): void {
    this.#waiting = this.#waiting.filter(({ id }) => !this.#placed.has(id));
    this.#sent = this.#sent.filter(({ id, state }) => !this.#placed.has(id) && state !== 'refused');
    this.#placed.clear();
  }
}

function itemOf({ id, text, state, error }: OutboxEntry): PendingItem {
  return error === undefined ? { id, text, state } : { id, text, state, error };
}

function textOf(parts: ChatMessage['parts']): string {
  return parts.flatMap((part) => (part.type === 'text' ? part.text : [])).join('\n');
}
