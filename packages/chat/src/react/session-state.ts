import type { ChatClientError } from '../client/index.ts';
import type { ResetReason } from '../protocol/index.ts';

/** A message of the user that is not yet part of the conversation. */
export interface PendingItem {
  readonly id: string;
  readonly text: string;
  /** `waiting`: accepted, its run has not started. The others as in the client's outbox. */
  readonly state: 'sending' | 'retrying' | 'refused' | 'waiting';
  readonly error?: ChatClientError;
}

/** Told to the user after the server's history changed. */
export interface ResetNotice {
  readonly reason: ResetReason;
  readonly lost?: { readonly from: number; readonly to: number };
  /** Milliseconds since 1970, by the local clock. */
  readonly at: number;
}

/**
 * `loading`: nothing can be shown yet. `running`: an answer grows. `error`: the thread could not be loaded, and is not
 * tried again by itself; see `error`.
 */
export type SessionStatus = 'loading' | 'idle' | 'running' | 'error';

export interface SessionSnapshot {
  readonly status: SessionStatus;
  readonly pending: readonly PendingItem[];
  /** The run that is shown now, while `running`. */
  readonly run?: string;
  readonly notice?: ResetNotice;
  readonly error?: ChatClientError;
  /** The thread was deleted, here or elsewhere. */
  readonly deleted: boolean;
}
