import type { ChatClientError } from '../client/index.ts';
import type { ResetReason } from '../protocol/index.ts';

/** A message of the user that is not yet part of the conversation. */
export interface PendingItem {
  readonly id: string;
  readonly text: string;
  /**
   * `waiting`: accepted, its run has not started; `stopped`: nor will it, and it joins the conversation in its turn. The
   * others as in the client's outbox.
   */
  readonly state: 'sending' | 'retrying' | 'refused' | 'waiting' | 'stopped';
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
  /** That run, once its stop was asked for. */
  readonly stopping?: string;
  /** Why the last stop, regeneration, edit or answer was refused. */
  readonly refusal?: ChatClientError;
  readonly notice?: ResetNotice;
  readonly error?: ChatClientError;
  /** The thread was deleted, here or elsewhere. */
  readonly deleted: boolean;
}

/** `undefined` takes a field away. */
export type SnapshotChange = {
  readonly [K in keyof SessionSnapshot]?: SessionSnapshot[K] | undefined;
};

/** The same array while nothing in it changed, so that pages need not draw again. */
export function keep(before: readonly PendingItem[], after: readonly PendingItem[]): readonly PendingItem[] {
  return JSON.stringify(before) === JSON.stringify(after) ? before : after;
}
