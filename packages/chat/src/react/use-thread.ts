import { useChat } from '@ai-sdk/react';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { ChatClient } from '../client/index.ts';
import type { ChatMessage } from '../protocol/index.ts';
import type { SessionSnapshot } from './session-state.ts';
import { sessionOf } from './sessions.ts';

export interface UseThreadOptions {
  /** At most one render in this time while an answer streams. @default 50 */
  readonly throttleMs?: number;
}

export interface ThreadHandle extends SessionSnapshot {
  /** The conversation, oldest first; the assistant message of a running run grows. */
  readonly messages: readonly ChatMessage[];
  /** Sends a message and returns its id; it is in `pending` until its run starts. */
  readonly send: (text: string) => string;
  /** Sends a new text in the place of the message `of`; what followed is cut off. Refused while a run is open. */
  readonly edit: (of: string, text: string) => string;
  /** Asks for a new answer to the message `of`; what followed is cut off. Refused while a run is open. */
  readonly regenerate: (of: string) => void;
  /** Ends the run that is shown, or that of a message, on the server. */
  readonly stop: (id?: string) => void;
  /** Allows or refuses a call that waits for the user (a part in the state `approval-requested`). */
  readonly answer: (run: string, callId: string, approve: boolean) => void;
  /** Forgets a refused or unsent message. */
  readonly discard: (id: string) => void;
  /** Forgets `notice` and `refusal`. */
  readonly dismissNotice: () => void;
  /** Loads the thread again, for instance after `error`. */
  readonly reload: () => void;
}

/** A thread that follows all its runs, whichever tab or device asked. Unmounting never stops a run. */
export function useThread(client: ChatClient, thread: string, options: UseThreadOptions = {}): ThreadHandle {
  const { throttleMs = 50 } = options;
  const session = useMemo(() => sessionOf(client, thread), [client, thread]);
  useEffect(() => session.retain(), [session]);
  const snapshot = useSyncExternalStore(session.subscribe, session.read, session.read);
  const { messages } = useChat({ chat: session.chat, throttle: throttleMs });
  // By the messages that are drawn: these are late by the throttle, and a message must not be gone from both.
  const pending = useMemo(
    () => snapshot.pending.filter(({ id }) => !messages.some((message) => message.id === id)),
    [snapshot.pending, messages],
  );
  const { dismissNotice, reload, actions } = session;
  const { send, edit, regenerate, stop, answer, discard } = actions;
  return {
    ...{ ...snapshot, pending, messages },
    ...{ send, edit, regenerate, stop, answer, discard, dismissNotice, reload },
  };
}
