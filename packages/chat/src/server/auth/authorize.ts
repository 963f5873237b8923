import type { User } from '../agent.ts';

/** What somebody wants of a thread. */
export type ThreadAction =
  /** Its events, messages, title and state. */
  | 'read'
  /** Sending, editing, regenerating, stopping, answering, renaming. */
  | 'write'
  /** Ending it for good. */
  | 'delete';

/** A thread as the decision needs it. */
export interface ThreadFacts {
  readonly id: string;
  /** Id of the user who made it. */
  readonly owner: string;
}

/**
 * Who may do what with a thread: the one place where HTTP, sockets and search have it from. Whoever may not is told that there
 * is no such thread. If it throws or rejects, nobody may.
 */
export type Authorize = (user: User, thread: ThreadFacts, action: ThreadAction) => boolean | Promise<boolean>;

/** The default: a thread is its owner's alone. */
export const ownerOnly: Authorize = (user, thread) => thread.owner === user.id;
