export { DEFAULT_BACKOFF, fullJitter } from './backoff.ts';
export { createChatClient } from './client.ts';
export { ChatClientError, type ChatClientErrorCode, type ChatClientErrorFields } from './errors.ts';
export type {
  Backoff,
  ChatClient,
  ChatClientEvents,
  ChatClientOptions,
  ConnectionState,
  MessagesPage,
  OutboxEntry,
  PageOptions,
  PendingMessage,
  SendOptions,
  ThreadDetails,
  ThreadSummary,
  ThreadView,
  ThreadViewEvents,
} from './types.ts';
