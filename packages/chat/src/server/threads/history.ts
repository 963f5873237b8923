import type { LogEntry } from '@taproot/redis';
import { readUIMessageStream } from 'ai';
import {
  type ChatChunk,
  type ChatMessage,
  createRunMapper,
  type LogEvent,
  type RunEvent,
} from '../../protocol/index.ts';
import { type EntryBody, parseBody } from '../runs/replay.ts';

/** Messages of a thread and the position from which events continue them (PROTOCOL.md §3.5). */
export interface History {
  readonly messages: readonly ChatMessage[];
  readonly seq: number;
  readonly chain: string;
  /** Messages among them whose run starts after the position. */
  readonly waiting: readonly { readonly id: string; readonly run: string }[];
}

interface RunEntries {
  readonly run: string;
  readonly events: RunEvent[];
}

/**
 * Folds a log into messages, up to the last position where no run was at work: so the events after it hold whole runs.
 * `origin` is the chain of position 0.
 */
export async function readHistory(entries: AsyncIterable<LogEntry>, origin: string): Promise<History> {
  const fold = new Fold(origin);
  for await (const entry of entries) fold.add(entry);
  return fold.history();
}

class Fold {
  readonly #asked = new Map<string, ChatMessage>();
  /** In the order in which they were answered; a question without an answer yet comes last. */
  readonly #answered: { readonly question: ChatMessage | undefined; readonly entries: RunEntries }[] = [];
  #active: RunEntries | undefined;
  #at: { seq: number; chain: string };
  #waiting: ReadonlyMap<string, ChatMessage> = new Map();

  constructor(origin: string) {
    this.#at = { seq: 0, chain: origin };
  }

  add(entry: LogEntry): void {
    const body = parseBody(entry);
    if (body.run !== undefined) this.#event(entry.seq, body.run, body);
    if (this.#active !== undefined) return;
    this.#at = { seq: entry.seq, chain: entry.chain };
    this.#waiting = new Map(this.#asked);
  }

  #event(seq: number, run: string, { at, data }: EntryBody): void {
    const event = data as LogEvent;
    if (event.type === 'user-message') {
      this.#asked.set(run, {
        id: event.id,
        role: 'user',
        metadata: { run, at },
        parts: event.parts.map((part) => ({ ...part })),
      });
      return;
    }
    this.#active ??= { run, events: [] };
    this.#active.events.push({ seq, run, at, data });
    if (event.type !== 'run-ended') return;
    this.#answered.push({ question: this.#asked.get(run), entries: this.#active });
    this.#asked.delete(run);
    this.#active = undefined;
  }

  async history(): Promise<History> {
    const messages: ChatMessage[] = [];
    for (const { question, entries } of this.#answered) {
      if (question !== undefined) messages.push(question);
      const answer = await answerOf(entries);
      if (answer !== undefined) messages.push(answer);
    }
    const waiting = [...this.#waiting].map(([run, { id }]) => ({ id, run }));
    return { messages: [...messages, ...this.#waiting.values()], waiting, ...this.#at };
  }
}

async function answerOf({ events }: RunEntries): Promise<ChatMessage | undefined> {
  const toChunks = createRunMapper();
  const stream = new ReadableStream<ChatChunk>({
    start(controller) {
      for (const event of events) for (const chunk of toChunks(event)) controller.enqueue(chunk);
      controller.close();
    },
  });
  let last: ChatMessage | undefined;
  for await (const message of readUIMessageStream<ChatMessage>({ stream })) last = message;
  return last;
}
