import type { DurableLog, RedisManager } from '@taproot/redis';
import type { ChatMessage } from '../../protocol/index.ts';
import { ChatError } from '../errors.ts';
import { answerOf } from './answer.ts';
import { attachPoint } from './attach-point.ts';
import { KeptTurns } from './kept-turns.ts';
import type { ThreadKeys } from './keys.ts';
import { MAX_PAGE_BYTES, Page, type PageTurn } from './page.ts';
import { type Answer, type Bookmark, TurnsBack } from './turns-back.ts';

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

/** Edits and trims that may come into one read before it is given up. */
const MAX_ATTEMPTS = 8;

/**
 * The newest messages of a thread, up to the last position where no run was at work: so the events after it hold whole
 * runs. Undefined if there is no message `before`. Rejects `too-many-requests` if the thread changes too fast to be read.
 */
export async function readHistory(
  manager: RedisManager,
  keys: ThreadKeys,
  query: HistoryQuery,
): Promise<History | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const reader = new HistoryReader(manager, keys);
    const history = await reader.read(query);
    if (!reader.disturbed) return history;
  }
  throw new ChatError('too-many-requests', 'This thread changes faster than it can be read', {
    retryAfterMs: 1000,
  });
}

/**
 * One read: from the log, backwards and no further than it must, then from the snapshots below it. A trim in between does no
 * harm, as it stores the snapshot of what it takes away: where the log ends for the reader, snapshots have all the rest.
 */
class HistoryReader {
  readonly #log: DurableLog;
  readonly #keys: ThreadKeys;
  readonly #kept: KeptTurns;
  #at = { seq: 0, chain: '' };

  constructor(manager: RedisManager, keys: ThreadKeys) {
    this.#log = manager.log;
    this.#keys = keys;
    this.#kept = new KeptTurns(manager, keys);
  }

  /** What was read of snapshots is not of the same moment as the position: something was cut off or trimmed after it. */
  get disturbed(): boolean {
    return this.#kept.cut > this.#at.seq || this.#kept.first > this.#at.seq + 1;
  }

  async read({ before, limit }: HistoryQuery): Promise<History | undefined> {
    this.#at = await this.#start();
    const page = new Page(limit);
    if (before === undefined) await this.#fromLog(page, { from: this.#at.seq, below: this.#at.seq + 1 });
    else if (!(await this.#before(page, before))) return undefined;
    const { messages, waiting, more } = page;
    return { messages, waiting, more, ...this.#at };
  }

  /** A log without entries has nothing to look at: they were trimmed or lost, or there were none yet. */
  async #start(): Promise<{ seq: number; chain: string }> {
    const { log } = this.#keys;
    const point = await attachPoint(this.#log.readBack(log));
    if (point !== undefined) return point;
    const head = await this.#log.head(log);
    return { seq: head?.seq ?? 0, chain: head?.chain ?? '' };
  }

  async #before(page: Page, id: string): Promise<boolean> {
    return (
      (await this.#beforeKept(page, id)) ||
      (await this.#beforeInLog(page, id)) ||
      // It was trimmed in between.
      (await this.#beforeKept(page, id))
    );
  }

  async #beforeKept(page: Page, id: string): Promise<boolean> {
    const place = await this.#kept.placeOf(id);
    if (place === undefined) return false;
    for await (const { question } of this.#kept.below(place + 1)) {
      // Between a question and its answer.
      if (question.id !== id) await page.take(alone(question));
      break;
    }
    await this.#fromKept(page, place);
    return true;
  }

  async #beforeInLog(page: Page, id: string): Promise<boolean> {
    const turns = new TurnsBack(0, { from: this.#at.seq, below: this.#at.seq + 1 });
    let oldest = this.#at.seq + 1;
    for await (const entry of this.#log.readBack(this.#keys.log, this.#at.seq)) {
      oldest = entry.seq;
      const turn = turns.take(entry);
      if (turn === undefined || (turn.question.id !== id && turn.run !== id)) continue;
      if (turn.question.id !== id) await page.take(alone(turn.question));
      await this.#fromLog(page, turn.older());
      return true;
    }
    const { pending } = turns;
    if (pending === undefined || (pending.to !== id && pending.run !== id)) return false;
    const question = pending.to === id ? undefined : await this.#kept.pending(pending);
    if (question !== undefined) await page.take(alone(question));
    await this.#fromKept(page, oldest);
    return true;
  }

  async #fromLog(page: Page, start: Bookmark): Promise<void> {
    if (page.full) return;
    const turns = new TurnsBack(MAX_PAGE_BYTES, start);
    let oldest = start.below;
    for await (const entry of this.#log.readBack(this.#keys.log, start.from)) {
      oldest = Math.min(oldest, entry.seq);
      const turn = turns.take(entry);
      if (turn !== undefined && !(await page.take(logTurn(turn)))) return;
    }
    const { pending } = turns;
    const question = pending && (await this.#kept.pending(pending));
    if (pending !== undefined && question !== undefined) {
      const { run, answer } = pending;
      const bytes = answer?.bytes ?? 0;
      if (!(await page.take(logTurn({ run, question, bytes, ...(answer && { answer }) })))) return;
    }
    await this.#fromKept(page, oldest);
  }

  async #fromKept(page: Page, below: number): Promise<void> {
    if (page.full || below <= 1) return;
    for await (const { run, question, answer, bytes } of this.#kept.below(below)) {
      if (!(await page.take({ run, question, ended: true, answer: async () => answer, bytes }))) return;
    }
  }
}

function logTurn(turn: {
  readonly run: string;
  readonly question: ChatMessage;
  readonly answer?: Answer;
  readonly bytes: number;
}): PageTurn {
  const { run, question, answer, bytes } = turn;
  return {
    run,
    question,
    ended: answer !== undefined,
    bytes,
    answer: async () => {
      if (answer === undefined) return undefined;
      return answer.events === undefined ? 'too-large' : answerOf(answer.events.reverse());
    },
  };
}

/** A question without its answer, which is on the page after. */
function alone(question: ChatMessage): PageTurn {
  return {
    run: question.metadata?.run ?? '',
    question,
    ended: true,
    answer: async () => undefined,
    bytes: 0,
  };
}
