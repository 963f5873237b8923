import { setImmediate as turnOfLoop } from 'node:timers/promises';
import type { DurableLog, LogKeys } from '@taproot/redis';
import { readUIMessageStream } from 'ai';
import { type ChatChunk, type ChatMessage, createRunMapper, type RunEvent } from '../../protocol/index.ts';
import { attachPoint } from './attach-point.ts';
import { type Bookmark, type Turn, TurnsBack } from './turns-back.ts';

/** Messages of a thread and the position from which events continue them (PROTOCOL.md §3.5). */
export interface History {
  readonly messages: readonly ChatMessage[];
  readonly seq: number;
  readonly chain: string;
  /** Messages among them whose run starts after the position. */
  readonly waiting: readonly { readonly id: string; readonly run: string }[];
  /** There may be older ones, although these are fewer than `limit`: they were too large for one page. */
  readonly more: boolean;
}

export interface HistoryQuery {
  /** Only what is before this message: the id of a user's message, or of the run that answers it. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** Bytes of entries after which a page ends, whatever its `limit` (PROTOCOL.md §13). */
export const MAX_PAGE_BYTES: number = 4 * 1024 * 1024;

/**
 * The newest messages of a log, up to the last position where no run was at work: so the events after it hold whole runs.
 * Reads backwards and no further than it must. Undefined if there is no message `before`.
 */
export async function readHistory(
  log: DurableLog,
  keys: LogKeys,
  { before, limit }: HistoryQuery,
): Promise<History | undefined> {
  const at = await startOf(log, keys);
  const start: Bookmark = { from: at.seq, below: at.seq + 1 };
  if (before === undefined) return { ...(await pageOf(log, keys, start, limit)), ...at };
  const turn = await find(log, keys, start, before);
  if (turn === undefined) return undefined;
  // Between a question and its answer.
  const split = turn.question.id !== before;
  const page =
    split && limit === 1 ? NOTHING : await pageOf(log, keys, turn.older(), split ? limit - 1 : limit);
  return { ...page, ...at, messages: split ? [...page.messages, turn.question] : page.messages };
}

type Page = Omit<History, 'seq' | 'chain'>;
const NOTHING: Page = { messages: [], waiting: [], more: false };

/** A log without entries has nothing in it to fold: they were lost, or there were none yet. Readers go on from its head. */
async function startOf(log: DurableLog, keys: LogKeys): Promise<{ seq: number; chain: string }> {
  const point = await attachPoint(log.readBack(keys));
  if (point !== undefined) return point;
  const head = await log.head(keys);
  return { seq: head?.seq ?? 0, chain: head?.chain ?? '' };
}

async function find(
  log: DurableLog,
  keys: LogKeys,
  start: Bookmark,
  before: string,
): Promise<Turn | undefined> {
  const turns = new TurnsBack(0, start);
  for await (const entry of log.readBack(keys, start.from)) {
    const turn = turns.take(entry);
    if (turn !== undefined && (turn.question.id === before || turn.run === before)) return turn;
  }
  return undefined;
}

async function pageOf(log: DurableLog, keys: LogKeys, start: Bookmark, limit: number): Promise<Page> {
  const turns = new TurnsBack(MAX_PAGE_BYTES, start);
  const newestFirst: ChatMessage[] = [];
  const waiting: { id: string; run: string }[] = [];
  let bytes = 0;
  let more = false;
  for await (const entry of log.readBack(keys, start.from)) {
    const { answer, question, run, bytes: size } = turns.take(entry) ?? {};
    if (question === undefined || run === undefined) continue;
    more = (answer !== undefined && answer.events === undefined) || bytes >= MAX_PAGE_BYTES;
    if (more) break;
    bytes += size ?? 0;
    const message = answer?.events && (await answerOf(answer.events.reverse()));
    if (message !== undefined) newestFirst.push(message);
    if (newestFirst.length < limit) {
      newestFirst.push(question);
      if (answer === undefined) waiting.unshift({ id: question.id, run });
    }
    if (newestFirst.length >= limit) break;
  }
  return { messages: newestFirst.reverse(), waiting, more };
}

async function answerOf(events: readonly RunEvent[]): Promise<ChatMessage | undefined> {
  const toChunks = createRunMapper();
  const chunks = joined(events.flatMap(toChunks));
  const stream = new ReadableStream<ChatChunk>({
    async pull(controller) {
      // Each chunk copies the message as it is by then; whoever else waits goes first.
      await turnOfLoop();
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
  });
  let last: ChatMessage | undefined;
  for await (const message of readUIMessageStream<ChatMessage>({ stream })) last = message;
  return last;
}

/** Deltas of the same text as one. */
function joined(chunks: readonly ChatChunk[]): ChatChunk[] {
  const all: ChatChunk[] = [];
  let parts: string[] = [];
  for (const [index, chunk] of chunks.entries()) {
    if (chunk.type !== 'text-delta' && chunk.type !== 'reasoning-delta') {
      all.push(chunk);
      continue;
    }
    parts.push(chunk.delta);
    const next = chunks[index + 1];
    if (next?.type === chunk.type && next.id === chunk.id) continue;
    all.push({ ...chunk, delta: parts.join('') });
    parts = [];
  }
  return all;
}
