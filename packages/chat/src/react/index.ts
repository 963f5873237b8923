export type { PendingItem, ResetNotice, SessionStatus } from './session-state.ts';
export { useChatClient } from './use-chat-client.ts';
export { type ThreadHandle, type UseThreadOptions, useThread } from './use-thread.ts';
