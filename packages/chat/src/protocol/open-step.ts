import type { Chunk } from './events.ts';
import type { ChatChunk } from './messages.ts';

interface Recorded {
  readonly seq: number;
  readonly chunk: ChatChunk;
}

/** The step of a run's message that is not finished: what it emitted so far, in case part of it becomes void. */
export class OpenStep {
  readonly #recorded: Recorded[] = [];
  /** Open text and reasoning parts, with the chunk that ends each. */
  readonly #parts = new Map<string, ChatChunk>();
  readonly #calls = new Set<string>();

  get settled(): boolean {
    return this.#parts.size === 0 && this.#calls.size === 0;
  }

  hasCall(callId: string): boolean {
    return this.#calls.has(callId);
  }

  callStarted(seq: number, callId: string, chunk: ChatChunk): ChatChunk[] {
    this.#calls.add(callId);
    return this.#record(seq, [chunk]);
  }

  /** A question about a call, or its answer. */
  callChanged(seq: number, callId: string, chunk: ChatChunk): ChatChunk[] {
    return this.#calls.has(callId) ? this.#record(seq, [chunk]) : [];
  }

  callCompleted(seq: number, callId: string, chunk: ChatChunk): ChatChunk[] {
    this.#calls.delete(callId);
    return this.#record(seq, [chunk]);
  }

  /** AI SDK throws on a delta or an end without its start, so one that lost its start is left out. */
  content(seq: number, chunk: Chunk): ChatChunk[] {
    switch (chunk.type) {
      case 'text-start':
      case 'reasoning-start': {
        const key = partKey(chunk);
        const before = this.#parts.get(key);
        const type = chunk.type === 'text-start' ? 'text-end' : 'reasoning-end';
        this.#parts.set(key, { type, id: chunk.id });
        return this.#record(seq, before ? [before, chunk] : [chunk]);
      }
      case 'text-delta':
      case 'reasoning-delta':
        return this.#parts.has(partKey(chunk)) ? this.#record(seq, [chunk]) : [];
      case 'text-end':
      case 'reasoning-end':
        return this.#parts.delete(partKey(chunk)) ? this.#record(seq, [chunk]) : [];
      default:
        return this.#record(seq, [chunk]);
    }
  }

  /** Ends what is open, for a run that ended in the middle of it. */
  close(): ChatChunk[] {
    const errorText = 'The run ended before this tool did.';
    const calls = [...this.#calls].map(
      (toolCallId): ChatChunk => ({ type: 'tool-output-error', toolCallId, errorText, dynamic: true }),
    );
    return [...this.#parts.values(), ...calls];
  }

  /** Takes back `from`..`to`: what stands is emitted again after the reset. */
  supersede(from: number, to: number): ChatChunk[] {
    const stands = this.#recorded.filter(({ seq }) => seq < from || seq > to);
    if (stands.length === this.#recorded.length) return [];
    this.#recorded.length = 0;
    this.#parts.clear();
    this.#calls.clear();
    return [
      { type: 'reset-step' },
      ...stands.flatMap(({ seq, chunk }) => this.#again(seq, chunk)),
      ...this.#cutParts(),
    ];
  }

  #again(seq: number, chunk: ChatChunk): ChatChunk[] {
    switch (chunk.type) {
      case 'tool-input-available':
        return this.callStarted(seq, chunk.toolCallId, chunk);
      case 'tool-approval-request':
        return this.callChanged(seq, chunk.toolCallId, chunk);
      case 'tool-approval-response':
        return this.callChanged(seq, chunk.approvalId, chunk);
      case 'tool-output-available':
      case 'tool-output-error':
      case 'tool-output-denied':
        return this.hasCall(chunk.toolCallId) ? this.callCompleted(seq, chunk.toolCallId, chunk) : [];
      default:
        return this.content(seq, chunk as Chunk);
    }
  }

  /** The owner that would have ended these parts is gone. */
  #cutParts(): ChatChunk[] {
    const ends = [...this.#parts.values()];
    this.#parts.clear();
    return ends;
  }

  #record(seq: number, chunks: ChatChunk[]): ChatChunk[] {
    for (const chunk of chunks) this.#recorded.push({ seq, chunk });
    return chunks;
  }
}

function partKey(chunk: { readonly type: string; readonly id: string }): string {
  return `${chunk.type.slice(0, chunk.type.indexOf('-'))}:${chunk.id}`;
}
