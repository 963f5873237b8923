import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { readUIMessageStream } from 'ai';
import { type ChatChunk, type ChatMessage, createRunMapper, type RunEvent } from '../../protocol/index.ts';

/** The message that a run's events make, oldest first (PROTOCOL.md §9.4); undefined if they make none. */
export async function answerOf(events: readonly RunEvent[]): Promise<ChatMessage | undefined> {
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
