import { type LogKeys, logKeys } from '@taproot/redis';

/** Keys of one thread; all in its slot. */
export interface ThreadKeys {
  readonly log: LogKeys;
  /**
   * Hash: owner, title, createdAt, updatedAt; `waiting`: the run that waits for the user; `cut`: the `seq` of the last edit or
   * new answer; `version`: another one with each change of the title or the messages.
   */
  readonly meta: string;
  /** Hash: (user, message id) → digest, seq, run; kept for the thread's life. */
  readonly ids: string;
  /** List of open runs, oldest first: the one at work, then those that wait. */
  readonly queue: string;
  /** Sorted set of the user's messages that stand, by the seq at which their turn began. */
  readonly turns: string;
  /** Hash: id of a message or of a regeneration → the run that answers it; kept for the thread's life. */
  readonly runs: string;
  /** Hash: run → outcome; kept for the thread's life. */
  readonly outcomes: string;
  /** Hash: `q` and the id of a message that stands → what the user wrote; `a` and a run → its answer, folded. */
  readonly snapshots: string;
  /** Hash of one run: state, fence, lease, message, user. */
  run(run: string): string;
}

/** Ids are checked before they get here: a brace in one would move its keys to another slot. */
export function threadKeys(thread: string): ThreadKeys {
  const prefix = `taproot:{thread:${thread}}`;
  return {
    log: logKeys(prefix),
    meta: `${prefix}:meta`,
    ids: `${prefix}:ids`,
    queue: `${prefix}:queue`,
    turns: `${prefix}:turns`,
    runs: `${prefix}:runs`,
    outcomes: `${prefix}:outcomes`,
    snapshots: `${prefix}:snapshots`,
    run: (run) => `${prefix}:run:${run}`,
  };
}

/** Sorted set of a user's threads by last change, in ms since 1970. */
export function userThreadsKey(user: string): string {
  return `taproot:{user:${encodeURIComponent(user)}}:threads`;
}

/** Keys of one user; all in the user's slot. */
export interface UserKeys {
  /** Sorted set of the user's threads by last change, in ms since 1970. */
  readonly threads: string;
  /** Hash: thread → the words by which it is found. */
  readonly words: string;
  /** Hash: thread → the texts that are shown where it is found. */
  readonly texts: string;
}

export function userKeys(user: string): UserKeys {
  const threads = userThreadsKey(user);
  return { threads, words: `${threads}:words`, texts: `${threads}:texts` };
}

/** Partitions of the pending index and of that of all threads. */
export const PENDING_PARTITIONS = 16;

/** Sorted set of threads by when somebody should look after them, in ms since 1970. */
export function careKey(partition: number): string {
  return `taproot:{care:${partition}}`;
}

/** Sorted set of `thread/run` that were intended and have not ended, by time of intent. */
export function pendingKey(partition: number): string {
  return `taproot:{pending:${partition}}`;
}

/** The partition of a thread (FNV-1a, 32 bits). */
export function pendingPartition(thread: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < thread.length; i++) hash = Math.imul(hash ^ thread.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % PENDING_PARTITIONS;
}

/** Where workers hear of new runs; the message is `thread/run`. What is missed here is found by the sweep. */
export const DISPATCH_CHANNEL = 'taproot:dispatch';
