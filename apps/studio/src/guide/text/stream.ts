import { setTimeout as pause } from 'node:timers/promises';
import type { Chunk } from '@taproot/chat/protocol';

const WORDS_PER_DELTA = 3;
/** A long answer comes in larger pieces, so that it takes seconds and not minutes. */
const MAX_DELTAS = 160;

/** A text part in deltas of a few words, with a pause before each; the same text always gives the same deltas. */
export async function* streamText(
  id: string,
  text: string,
  paceMs: number,
  signal: AbortSignal,
): AsyncGenerator<Chunk> {
  yield { type: 'text-start', id };
  for (const delta of pieces(text)) {
    signal.throwIfAborted();
    if (paceMs > 0) await pause(paceMs, undefined, { signal });
    yield { type: 'text-delta', id, delta };
  }
  yield { type: 'text-end', id };
}

/** Whole words with the space after them; joined they are the text again. */
export function pieces(text: string): string[] {
  const words = text.match(/\s*\S+\s*/g) ?? [];
  const size = Math.max(WORDS_PER_DELTA, Math.ceil(words.length / MAX_DELTAS));
  const deltas: string[] = [];
  for (let at = 0; at < words.length; at += size) deltas.push(words.slice(at, at + size).join(''));
  return deltas;
}
