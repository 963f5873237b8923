import type { Chunk, LogEvent, MessagePart, RunOutcome } from './events.ts';

/** A position in a thread's log: the `seq` of an entry and its `chain` hash (PROTOCOL.md, "The log"). */
export interface Position {
  readonly seq: number;
  readonly chain: string;
}

/** What the client knows: its position, and older marks by which a fork can be located. */
export interface After {
  readonly seq: number;
  /** May be left out only for `seq` 0, the beginning of the log. */
  readonly chain?: string;
  readonly marks?: readonly Position[];
}

/** Frames a client sends (PROTOCOL.md, "Frames from the client"). */
export type ClientFrame =
  | { readonly type: 'attach'; readonly thread: string; readonly after?: After }
  | { readonly type: 'detach'; readonly thread: string }
  | {
      readonly type: 'send';
      readonly thread: string;
      readonly id: string;
      readonly text?: string;
      readonly parts?: readonly MessagePart[];
    }
  | { readonly type: 'stop'; readonly thread: string; readonly run?: string; readonly id?: string }
  | { readonly type: 'regenerate'; readonly thread: string; readonly id: string; readonly of: string }
  | {
      readonly type: 'edit';
      readonly thread: string;
      readonly id: string;
      readonly of: string;
      readonly text?: string;
      readonly parts?: readonly MessagePart[];
    }
  | {
      readonly type: 'answer';
      readonly thread: string;
      readonly run: string;
      readonly callId: string;
      readonly approve: boolean;
    }
  | { readonly type: 'ping'; readonly n: number };

/** Frames that change a thread. Each can be sent again: `id`, `run` or `callId` make it the same. */
export type CommandFrame = Extract<
  ClientFrame,
  { readonly type: 'send' | 'stop' | 'regenerate' | 'edit' | 'answer' }
>;

export type RedisCondition = 'ready' | 'degraded' | 'down';
export type Applied = 'yes' | 'no' | 'unknown';
export type ResetReason = 'rollback' | 'trimmed' | 'wiped';

/** Limits that this server enforces, as told in `ready`. */
export interface Limits {
  /** Bytes of one frame; a larger one closes the socket with 1009. */
  readonly maxFrameBytes: number;
  /** UTF-8 bytes of one message's text. */
  readonly maxTextBytes: number;
  /** Runs of one thread that may wait. */
  readonly maxQueuedRuns: number;
  /** Threads one socket may attach. */
  readonly maxAttached: number;
  /** More of them, by name (PROTOCOL.md §13). */
  readonly [name: string]: number;
}

export interface ReadyFrame {
  readonly type: 'ready';
  readonly session: string;
  readonly user: { readonly id: string; readonly name: string };
  readonly limits: Limits;
  /** Of the deployment; another value than before means that its data was wiped. */
  readonly epoch: string;
}

export interface AttachedFrame {
  readonly type: 'attached';
  readonly thread: string;
  readonly mode: 'live' | 'resumed' | 'reset';
  /** Events follow from `seq` + 1. */
  readonly seq: number;
  readonly chain: string;
  /** The oldest `seq` that the log retains. */
  readonly first: number;
  readonly reason?: ResetReason;
  readonly lost?: { readonly from: number; readonly to: number };
}

export interface EventFrame {
  readonly type: 'event';
  readonly thread: string;
  readonly seq: number;
  readonly chain: string;
  readonly prev: string;
  readonly run?: string;
  /** Milliseconds since 1970, by the clock of Redis. */
  readonly at: number;
  readonly data: LogEvent | readonly Chunk[];
}

export interface StatusFrame {
  readonly type: 'status';
  readonly redis: RedisCondition;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly threads?: readonly string[];
  readonly retryAfterMs?: number;
}

export interface ErrorFrame {
  readonly type: 'error';
  readonly code: ProtocolErrorCode;
  readonly message: string;
  readonly ref?: string;
  readonly applied: Applied;
  readonly retryAfterMs?: number;
}

export interface StoppedFrame {
  readonly type: 'stopped';
  readonly thread: string;
  readonly run: string;
  readonly outcome: RunOutcome;
  /** The message id that `stop` named, if it named one. */
  readonly id?: string;
}

/** Frames a server sends (PROTOCOL.md, "Frames from the server"). */
export type ServerFrame =
  | ReadyFrame
  | AttachedFrame
  | EventFrame
  | {
      readonly type: 'accepted';
      readonly thread: string;
      readonly id: string;
      readonly seq: number;
      readonly run: string;
    }
  | StoppedFrame
  | StatusFrame
  | { readonly type: 'thread-deleted'; readonly thread: string }
  | ErrorFrame
  | { readonly type: 'pong'; readonly n: number };

/** PROTOCOL.md, "Error codes". */
export const ERROR_CODES = [
  'bad-frame',
  'unknown-type',
  'not-supported',
  'not-found',
  'not-attached',
  'id-reused',
  'too-large',
  'queue-full',
  'too-many-attached',
  'unknown-target',
  'superseded',
  'run-open',
  'not-waiting',
  'too-many-requests',
  'redis-unavailable',
  'internal',
] as const;
export type ProtocolErrorCode = (typeof ERROR_CODES)[number];
