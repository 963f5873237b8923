import type { RedisManager } from '@taproot/redis';
import type { ChatMessage } from '../../protocol/index.ts';
import type { ThreadKeys } from './keys.ts';
import { KEPT, PLACE } from './retention-scripts.ts';
import { decodeAnswer, decodeQuestion, type Question } from './snapshot.ts';

/** A turn whose entries were trimmed. */
export interface KeptTurn {
  readonly run: string;
  readonly question: ChatMessage;
  readonly answer?: ChatMessage;
  /** Of both as JSON. */
  readonly bytes: number;
}

/** The turn that was being read when the log began: its question is kept, its answer is in the log. */
export interface Pending {
  readonly to: string;
  readonly run: string;
  readonly at: number;
}

const TURNS_AT_ONCE = 64;
/** Of snapshots as they are stored. */
const BYTES_AT_ONCE = 512 * 1024;

/** What is kept of a thread below its log. One instance per read. */
export class KeptTurns {
  /** The `seq` of the last edit or new answer, and the oldest of the log, when last looked. */
  cut = 0;
  first = 1;
  readonly #manager: RedisManager;
  readonly #keys: ThreadKeys;

  constructor(manager: RedisManager, keys: ThreadKeys) {
    this.#manager = manager;
    this.#keys = keys;
  }

  /** The question of a turn whose run was asked for again inside the log. */
  async pending({ to, run, at }: Pending): Promise<ChatMessage | undefined> {
    const { question } = await this.#read(0, to);
    return question === '' ? undefined : questionOf(to, run, { ...decodeQuestion(question), at });
  }

  /** Turns that began below a `seq`, newest first. */
  async *below(seq: number): AsyncGenerator<KeptTurn> {
    for (let next = seq; ; ) {
      const { turns } = await this.#read(next);
      for (const turn of turns) {
        const kept = await keptTurn(turn);
        if (kept !== undefined) yield kept;
        next = turn.seq;
      }
      if (turns.length === 0) return;
    }
  }

  /** The `seq` at which the turn of a message began, if it began below the log. */
  async placeOf(message: string): Promise<number | undefined> {
    const { turns, runs, snapshots, log } = this.#keys;
    const reply = (await this.#manager.script(PLACE, {
      keys: [turns, runs, snapshots, log.head],
      args: [message],
    })) as string[];
    const [seq = '', first = '1'] = reply;
    return seq !== '' && Number(seq) < Number(first) ? Number(seq) : undefined;
  }

  async #read(below: number, question = ''): Promise<{ question: string; turns: StoredTurn[] }> {
    const { turns, runs, snapshots, log, meta } = this.#keys;
    const [cut, first, found = '', ...rest] = (await this.#manager.script(KEPT, {
      keys: [turns, runs, snapshots, log.head, meta],
      args: [String(below), String(TURNS_AT_ONCE), String(BYTES_AT_ONCE), question],
    })) as string[];
    this.cut = Math.max(this.cut, Number(cut));
    this.first = Number(first);
    const stored: StoredTurn[] = [];
    for (let i = 0; i + 4 < rest.length; i += 5) {
      const [message = '', seq = '', run = '', asked = '', answer = ''] = rest.slice(i, i + 5);
      stored.push({ message, seq: Number(seq), run, asked, answer });
    }
    return { question: found, turns: stored };
  }
}

interface StoredTurn {
  readonly message: string;
  readonly seq: number;
  readonly run: string;
  readonly asked: string;
  readonly answer: string;
}

/** Undefined if what the user wrote was lost. */
async function keptTurn({ message, run, asked, answer }: StoredTurn): Promise<KeptTurn | undefined> {
  if (asked === '') return undefined;
  const question = decodeQuestion(asked);
  if (answer === '') return { run, question: questionOf(message, run, question), bytes: asked.length };
  const folded = await decodeAnswer(answer);
  return {
    run,
    question: questionOf(message, run, { ...question, at: folded.at }),
    ...(folded.message && { answer: folded.message }),
    bytes: asked.length + folded.bytes,
  };
}

function questionOf(id: string, run: string, { at, parts }: Question): ChatMessage {
  return { id, role: 'user', metadata: { run, at }, parts: parts.map((part) => ({ ...part })) };
}
