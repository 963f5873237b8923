import { messageId } from './message-id.ts';

/** No thread of a server has a colon in its id (PROTOCOL.md §1.1). */
const PREFIX = 'new:';

/** Stands for a thread that its first message will make. */
export function provisionalThread(): string {
  return PREFIX + messageId();
}

/** Whether the thread is one of `ChatClient.beginThread`, which the server does not have yet. */
export function isProvisional(thread: string): boolean {
  return thread.startsWith(PREFIX);
}
