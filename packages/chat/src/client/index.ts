export { DEFAULT_BACKOFF, fullJitter } from './backoff.ts';
export { createChatClient } from './client.ts';
export { ChatClientError, type ChatClientErrorCode, type ChatClientErrorFields } from './errors.ts';
export { messageId } from './message-id.ts';
export type {
  Backoff,
  ChatClient,
  ChatClientEvents,
  ChatClientOptions,
  ConnectionState,
  MessagesPage,
  OutboxEntry,
  PageOptions,
  PendingCommand,
  PendingMessage,
  SendOptions,
  StopTarget,
  ThreadDetails,
  ThreadSummary,
  ThreadView,
  ThreadViewEvents,
} from './types.ts';
