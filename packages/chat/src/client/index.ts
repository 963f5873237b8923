export { DEFAULT_BACKOFF, fullJitter } from './backoff.ts';
export { createChatClient } from './client.ts';
export { ChatClientError, type ChatClientErrorCode, type ChatClientErrorFields } from './errors.ts';
export { indexedDbStorage } from './indexed-db.ts';
export { messageId } from './message-id.ts';
export { isProvisional } from './provisional.ts';
export type { CommandStorage, KeptCommand, StorageState } from './storage.ts';
export type {
  Backoff,
  ChatClient,
  ChatClientEvents,
  ChatClientOptions,
  ConnectionState,
  FoundRanges,
  FoundThread,
  FoundThreads,
  MessagesPage,
  OutboxEntry,
  PageOptions,
  PendingCommand,
  PendingMessage,
  SearchOptions,
  SendOptions,
  StopTarget,
  ThreadDetails,
  ThreadSummary,
  ThreadView,
  ThreadViewEvents,
} from './types.ts';
