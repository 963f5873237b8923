import type { Cut } from '../ai-sdk/index.ts';
import type { ChatChunk, ChatMessage } from '../protocol/index.ts';
import type { SentMessages } from './sent-messages.ts';

/** A run as it is shown. */
export interface Shown {
  readonly run: string;
  readonly stream: ReadableStream<ChatChunk>;
}

/** What has happened and is not shown: one run may end and the next start before the page has drawn the first. */
export class ShowQueue {
  readonly #sent: SentMessages;
  #waiting: (Shown | Cut)[] = [];

  constructor(sent: SentMessages) {
    this.#sent = sent;
  }

  push(next: Shown | Cut): void {
    this.#waiting.push(next);
  }

  /** Takes the first whose turn it is: a run that ended before those that were asked for earlier waits for them. */
  next(): Shown | Cut | undefined {
    const index = this.#waiting.findIndex((one) => !('run' in one) || this.#sent.isNext(one.run));
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0];
  }

  clear(): void {
    for (const one of this.#waiting.splice(0)) if ('run' in one) void one.stream.cancel();
  }
}

/** A conversation without what was cut off; the same one if that is not in it. */
export function cutOff(messages: ChatMessage[], { message, kept }: Cut): ChatMessage[] {
  const index = messages.findIndex(({ id }) => id === message);
  const asked = messages[index];
  if (asked === undefined) return messages;
  return [...messages.slice(0, index), ...(kept ? [{ ...asked, metadata: kept }] : [])];
}
