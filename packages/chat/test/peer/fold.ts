import { readUIMessageStream } from 'ai';
import type { ChatChunk, ChatMessage } from '../../src/protocol/index.ts';

/** The message that AI SDK makes of these chunks; it throws where `useChat` would fail. */
export async function foldChunks(chunks: readonly ChatChunk[]): Promise<ChatMessage | undefined> {
  const stream = new ReadableStream<ChatChunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  let message: ChatMessage | undefined;
  for await (const next of readUIMessageStream<ChatMessage>({ stream, terminateOnError: true }))
    message = next;
  return message;
}
