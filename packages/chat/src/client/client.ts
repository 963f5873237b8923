import type { ChatClient, ChatClientOptions } from './types.ts';

export function createChatClient(_options: ChatClientOptions): ChatClient {
  throw new TypeError('being written');
}
