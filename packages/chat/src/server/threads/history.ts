import type { LogEntry } from '@taproot/redis';
import { readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai';
import { type Chunk, createRunMapper, type LogEvent } from '../../protocol/index.ts';
import { parseBody } from '../runs/replay.ts';

/** Messages of a thread and the position from which events continue them. */
export interface History {
  readonly messages: readonly UIMessage[];
  readonly seq: number;
  readonly chain: string;
}

interface RunEntries {
  readonly run: string;
  readonly events: { readonly seq: number; readonly data: LogEvent | readonly Chunk[] }[];
}

/**
 * Folds a log into messages, up to the last position where no run was at work: the events after it hold a whole number
 * of runs. `before` ends it earlier: at the entry with that `seq`, exclusive.
 */
export async function readHistory(
  entries: AsyncIterable<LogEntry>,
  origin: string,
  before: number = Number.POSITIVE_INFINITY,
): Promise<History> {
  const fold = new Fold(origin);
  for await (const entry of entries) {
    if (entry.seq >= before) break;
    fold.add(entry);
  }
  return fold.history();
}

class Fold {
  readonly #asked = new Map<string, UIMessage>();
  /** In the order in which they were answered; a question without an answer yet comes last. */
  readonly #answered: { readonly question: UIMessage | undefined; readonly entries: RunEntries }[] = [];
  #active: RunEntries | undefined;
  #at: { seq: number; chain: string };
  #waitingAt: UIMessage[] = [];

  constructor(origin: string) {
    this.#at = { seq: 0, chain: origin };
  }

  add(entry: LogEntry): void {
    const { run, data } = parseBody(entry);
    if (run !== undefined) this.#event(entry.seq, run, data);
    if (this.#active !== undefined) return;
    this.#at = { seq: entry.seq, chain: entry.chain };
    this.#waitingAt = [...this.#asked.values()];
  }

  #event(seq: number, run: string, data: LogEvent | readonly Chunk[]): void {
    const event = data as LogEvent;
    if (event.type === 'user-message') {
      this.#asked.set(run, { id: event.id, role: 'user', parts: event.parts.map((part) => ({ ...part })) });
      return;
    }
    this.#active ??= { run, events: [] };
    this.#active.events.push({ seq, data });
    if (event.type !== 'run-ended') return;
    this.#answered.push({ question: this.#asked.get(run), entries: this.#active });
    this.#asked.delete(run);
    this.#active = undefined;
  }

  async history(): Promise<History> {
    const messages: UIMessage[] = [];
    for (const { question, entries } of this.#answered) {
      if (question !== undefined) messages.push(question);
      const answer = await answerOf(entries);
      if (answer !== undefined) messages.push(answer);
    }
    return { messages: [...messages, ...this.#waitingAt], ...this.#at };
  }
}

async function answerOf({ run, events }: RunEntries): Promise<UIMessage | undefined> {
  const toChunks = createRunMapper();
  const stream = new ReadableStream<UIMessageChunk>({
    start(controller) {
      for (const { seq, data } of events) {
        for (const chunk of toChunks({ seq, run, data })) controller.enqueue(chunk);
      }
      controller.close();
    },
  });
  let last: UIMessage | undefined;
  for await (const message of readUIMessageStream({ stream })) last = message;
  return last;
}
