import type { ChatTransport } from 'ai';
import type { ChatClient } from '../client/index.ts';
import type { ChatMessage } from '../protocol/index.ts';

/**
 * AI SDK's transport over a chat client: `useChat({ id: threadId, transport: createChatTransport(client) })`.
 * The chat's id is the thread's. Aborting a stream (also by unmounting) never stops the run on the server.
 */
export function createChatTransport(_client: ChatClient): ChatTransport<ChatMessage> {
  throw new TypeError('being written');
}
