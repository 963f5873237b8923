import { correct } from './spelling.ts';
import { normalise, STOP_WORDS, words } from './words.ts';

/**
 * A word or phrase and how much it says: 3 is enough by itself, 1 and 2 need company. `^` ties it to the beginning of
 * the clause, `$` to its end.
 */
export type Cue = readonly [phrase: string, weight: number];

/** What the recogniser knows of a topic. */
export interface Recognisable {
  readonly name: string;
  readonly cues: readonly Cue[];
  /** Greetings and the like: given way to any other topic. */
  readonly aside?: boolean;
  /** Its question is the whole clause, so that no word of it can be another topic. */
  readonly wholeClause?: boolean;
}

export interface Recognition<T> {
  /** In the order in which they were asked for, at most {@link MAX_TOPICS}. */
  readonly topics: readonly T[];
  /** Something with a subject was asked that no topic covers. */
  readonly unknown: boolean;
}

export const ENOUGH = 3;
export const MAX_TOPICS = 6;

interface CompiledCue {
  readonly words: readonly string[];
  readonly atStart: boolean;
  readonly atEnd: boolean;
  readonly weight: number;
}

/** Finds the topics of a question by the cues that occur in it. Compiled once from the table of topics. */
export class Recogniser<T extends Recognisable> {
  readonly #table: readonly { readonly topic: T; readonly cues: readonly CompiledCue[] }[];
  readonly #known: ReadonlySet<string>;

  constructor(topics: readonly T[]) {
    this.#table = topics.map((topic) => ({
      topic,
      cues: topic.cues.map(compile),
    }));
    this.#known = new Set([
      ...STOP_WORDS,
      ...this.#table.flatMap(({ cues }) => cues.flatMap((cue) => cue.words)),
    ]);
  }

  recognise(question: string): Recognition<T> {
    const topics: T[] = [];
    let unknown = false;
    for (const clause of clauses(normalise(question))) {
      const found = this.#inClause(words(clause).map((word) => correct(word, this.#known)));
      topics.push(...found.topics);
      unknown ||= found.unknown;
    }
    const distinct = [...new Set(topics)];
    const serious = distinct.filter((topic) => topic.aside !== true);
    return { topics: (serious.length > 0 ? serious : distinct.slice(0, 1)).slice(0, MAX_TOPICS), unknown };
  }

  /** The best topic takes the words of its cues; what is left may be another topic's. */
  #inClause(clause: readonly string[]): Recognition<T> {
    const left: (string | undefined)[] = [...clause];
    const found: { topic: T; at: number }[] = [];
    for (;;) {
      const best = this.#best(
        left,
        found.map(({ topic }) => topic),
      );
      if (best === undefined) break;
      found.push({ topic: best.topic, at: Math.min(...best.taken) });
      if (best.topic.wholeClause) return { topics: [best.topic], unknown: false };
      for (const index of best.taken) left[index] = undefined;
    }
    const topics = found.sort((a, b) => a.at - b.at).map(({ topic }) => topic);
    // A clause of known words only, such as "by owner", continues another one.
    return { topics, unknown: found.length === 0 && clause.some((word) => !this.#known.has(word)) };
  }

  #best(
    left: readonly (string | undefined)[],
    but: readonly T[],
  ): { topic: T; taken: Set<number> } | undefined {
    let best: { topic: T; taken: Set<number>; score: number } | undefined;
    for (const { topic, cues } of this.#table) {
      if (but.includes(topic)) continue;
      const taken = new Set<number>();
      let score = 0;
      for (const cue of cues) {
        const at = find(left, cue);
        if (at < 0) continue;
        score += cue.weight;
        for (let index = at; index < at + cue.words.length; index++) taken.add(index);
      }
      if (score >= ENOUGH && score > (best?.score ?? 0)) best = { topic, taken, score };
    }
    return best;
  }
}

function compile([phrase, weight]: Cue): CompiledCue {
  return {
    words: words(normalise(phrase)),
    atStart: phrase.startsWith('^'),
    atEnd: phrase.endsWith('$'),
    weight,
  };
}

/** Where a cue stands in a clause, or -1. */
function find(left: readonly (string | undefined)[], cue: CompiledCue): number {
  const last = left.length - cue.words.length;
  for (let at = cue.atEnd ? Math.max(0, last) : 0; at <= (cue.atStart ? Math.min(0, last) : last); at++) {
    if (cue.words.every((word, offset) => left[at + offset] === word)) return at;
  }
  return -1;
}

/** These point back, so their clause belongs to the one before: "and how much memory does each take". */
const POINTING_BACK = /\b(?:their|theirs|they|them|its|it|each|those|these)\b/;

/** The questions in one message. */
function clauses(text: string): string[] {
  const parts = text
    .split(/[?!;\n]+|\.(?=\s|$)|[,:]\s|\s&\s|\b(?:and|also|plus|as well as)\b/)
    .map((part) => part.trim().replace(POLITE, ''))
    .filter((part) => part !== '');
  const joined: string[] = [];
  for (const part of parts) {
    if (joined.length > 0 && POINTING_BACK.test(part)) joined[joined.length - 1] += ` ${part}`;
    else joined.push(part);
  }
  return joined;
}

const POLITE =
  /^(?:(?:please|pls|can you|could you|would you|will you|now|so|then|ok|okay|dear guide)\b[\s,]*)+/;
