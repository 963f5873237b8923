import type { ChatClient } from '../client/index.ts';
import type { ChatMessage } from '../protocol/index.ts';
import type { SessionSnapshot } from './session-state.ts';

export interface UseThreadOptions {
  /** At most one render in this time while an answer streams. @default 50 */
  readonly throttleMs?: number;
}

export interface ThreadHandle extends SessionSnapshot {
  /** The conversation, oldest first; the assistant message of a running run grows. */
  readonly messages: readonly ChatMessage[];
  /** Sends a message and returns its id; it is in `pending` until its run starts. */
  readonly send: (text: string) => string;
  /** Forgets a refused or unsent message. */
  readonly discard: (id: string) => void;
  readonly dismissNotice: () => void;
  /** Loads the thread again, for instance after `error`. */
  readonly reload: () => void;
}

/** A thread that follows all its runs, whichever tab or device asked. Unmounting never stops a run. */
export function useThread(
  _client: ChatClient,
  _thread: string,
  _options: UseThreadOptions = {},
): ThreadHandle {
  throw new TypeError('being written');
}
