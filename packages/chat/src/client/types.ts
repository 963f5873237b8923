import type {
  After,
  AttachedFrame,
  ChatMessage,
  CommandFrame,
  EventFrame,
  Limits,
  Position,
  RedisCondition,
  RunOutcome,
} from '../protocol/index.ts';
import type { ChatClientError } from './errors.ts';
import type { CommandStorage, StorageState } from './storage.ts';

export interface ChatClientOptions {
  /** Origin of the server, `http:` or `https:`, for example `http://127.0.0.1:7070`. */
  readonly url: string;
  /** Sent as `Authorization: Bearer` and changed for a ticket before each socket. Absent: the browser's cookie. */
  readonly token?: string;
  /** @default globalThis.WebSocket */
  readonly WebSocket?: typeof WebSocket;
  /** @default globalThis.fetch */
  readonly fetch?: typeof fetch;
  /** Full jitter: the n-th wait is random between 0 and `min(maxMs, minMs * 2 ** n)`. @default DEFAULT_BACKOFF */
  readonly backoff?: Backoff;
  /** A socket without an answer to a ping for this long is taken as dead. Minimum 50. @default 15000 */
  readonly pingIntervalMs?: number;
  /** From the start of a connection until `ready`, and for each HTTP request. @default 10000 */
  readonly connectTimeoutMs?: number;
  /**
   * Where what the server has not accepted outlives the page, so that a reload or a crashed tab loses none of it; `false` for
   * memory only. @default IndexedDB, where there is one
   */
  readonly storage?: CommandStorage | false;
}

export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

export interface ConnectionState {
  /** `open` means that the server said `ready`; `waiting` for the next attempt; `closed` makes no attempt by itself. */
  readonly socket: 'connecting' | 'open' | 'waiting' | 'closed';
  /** As last told by the server; `unknown` while it cannot be asked. */
  readonly redis: RedisCondition | 'unknown';
  /** When `socket` or `redis` last changed: milliseconds since 1970, by the local clock. */
  readonly since: number;
  /** While `waiting`: when the next attempt starts, by the local clock. */
  readonly retryAt?: number;
  /** How the server closed the last socket. */
  readonly closedBy?: { readonly code: number; readonly reason: string };
  /** The server wants a (new) sign-in; call `reconnect` after it. */
  readonly signIn: boolean;
  /** Threads that a `status` frame named, when only some are affected. */
  readonly affected?: readonly string[];
  readonly epoch?: string;
  readonly user?: { readonly id: string; readonly name: string };
  readonly limits?: Limits;
}

/** An unaccepted command, as the outbox shows it. Of refused ones only those with a text stay, so that nothing typed is lost. */
export interface OutboxEntry {
  /** The server's, or one of `beginThread`. */
  readonly thread: string;
  readonly id: string;
  /** Empty for a command without one. */
  readonly text: string;
  /** All that it says. */
  readonly command: CommandFrame;
  /** `retrying`: at least one attempt was lost or put off. `refused`: it will not be sent again. */
  readonly state: 'sending' | 'retrying' | 'refused';
  readonly error?: ChatClientError;
}

/** A command given to `submit`. */
export interface PendingCommand {
  /** Of a stop the message id or the run, of an answer the call. */
  readonly id: string;
  /** Of a message to a thread of `beginThread` the server's, once that is made. */
  readonly thread: string;
  /** Empty for a command without one. */
  readonly text: string;
  /** Rejects with a `ChatClientError` when the server refuses it, the signal aborts or the client is closed. */
  readonly accepted: Promise<{ readonly seq: number; readonly run: string; readonly outcome?: RunOutcome }>;
  readonly state: OutboxEntry['state'] | 'accepted';
}

/** A message given to `send` or `edit`, or a `regenerate`. */
export type PendingMessage = PendingCommand;

/** Which run: by itself, or by the id of the `send`, `edit` or `regenerate` that asked for it. */
export type StopTarget = { readonly run: string } | { readonly id: string };

export interface SendOptions {
  /** The idempotency key. @default a random UUID */
  readonly id?: string;
  /** Gives up sending; a message that is on its way may still arrive. */
  readonly signal?: AbortSignal;
}

export interface ThreadViewEvents {
  /** Exactly once and in order, apart from what a `reset` takes back. */
  event: EventFrame;
  /** Everything above `frame.seq` is void; events go on from there. */
  reset: AttachedFrame;
  /** Every `attached` frame that was taken, also that of a reset (after `reset`). */
  attached: AttachedFrame;
  /** The thread does not exist any more; the view is closed. */
  deleted: undefined;
  /** The server refused to attach; retried by itself only if the code says that it can pass. */
  error: ChatClientError;
}

/** One thread's events. Attached while it is open or has a listener of `event`. */
export interface ThreadView {
  readonly thread: string;
  /** From `after`, which defaults to the view's own position, else to the head of the log. Replaces an earlier position. */
  open(after?: After): void;
  /** Takes `open` back: detaches if there are no listeners. The position is kept for the next time. */
  close(): void;
  readonly position: Position | undefined;
  readonly attached: boolean;
  on<K extends keyof ThreadViewEvents>(name: K, listener: (value: ThreadViewEvents[K]) => void): () => void;
}

export interface ThreadSummary {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface ThreadDetails extends ThreadSummary, Position {
  /** The oldest `seq` that the log retains. */
  readonly first: number;
}

/** A page of history, oldest message first, and the position whose following events it lacks. */
export interface MessagesPage extends Position {
  readonly messages: readonly ChatMessage[];
  /** Messages of `messages` whose run has not started, in the order of their runs. */
  readonly waiting?: readonly { readonly id: string; readonly run: string }[];
  /** There may be older messages, although these are fewer than the limit. */
  readonly more?: true;
}

export interface PageOptions {
  /** A message id: the page holds the newest messages before it. */
  readonly before?: string;
  /** 1 to 200. @default 50, by the server */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** Where words were found in a text, as `[from, to)` in UTF-16 code units. */
export type FoundRanges = readonly (readonly [from: number, to: number])[];

/** A thread that has all words of a query, and where. */
export interface FoundThread extends ThreadSummary {
  readonly match: {
    /** In the title. */
    readonly title: FoundRanges;
    /** The message of the user that fits best, in an extract. */
    readonly message?: {
      readonly id: string;
      readonly at: number;
      readonly text: string;
      readonly ranges: FoundRanges;
    };
  };
}

export interface FoundThreads {
  /** The last changed first. */
  readonly threads: readonly FoundThread[];
  /** For `after`, if there may be more. */
  readonly next?: string;
}

export interface SearchOptions {
  /** 1 to 50. @default 20, by the server */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
  readonly signal?: AbortSignal;
}

export interface ChatClientEvents {
  connection: ConnectionState;
  outbox: readonly OutboxEntry[];
  /** Whether unsent messages outlive the page has changed. */
  storage: StorageState;
  /** A thread of `beginThread` was made; its messages belong to `thread` now. Before its first message is sent. */
  created: { readonly provisional: string; readonly thread: string };
  /** An `error` frame that belongs to no message and no thread of this client. */
  error: ChatClientError;
}

export interface ChatClient {
  readonly connection: ConnectionState;
  /** Unaccepted messages, oldest first; those of an earlier page once the server has told who is signed in. */
  readonly outbox: readonly OutboxEntry[];
  /** Whether they outlive the page. */
  readonly storage: StorageState;
  /** True after `close()`. */
  readonly closed: boolean;
  on<K extends keyof ChatClientEvents>(name: K, listener: (value: ChatClientEvents[K]) => void): () => void;
  /** The one view of this thread. */
  thread(id: string): ThreadView;
  /** Queues a message; it is sent as soon as the socket allows, again after each cut, in order within its thread. */
  send(thread: string, text: string, options?: SendOptions): PendingMessage;
  /** Puts a new text in the place of the message `of`; what followed is cut off. Refused with `run-open` while a run is open. */
  edit(thread: string, of: string, text: string, options?: SendOptions): PendingMessage;
  /** Asks for a new answer to the message `of`; the old one and what followed are cut off. Refused as `edit`. */
  regenerate(thread: string, of: string, options?: SendOptions): PendingMessage;
  /**
   * Ends a run, from any tab, also before it started; kept and repeated like messages until the server has answered. Resolves
   * with how the run ended, which may have been before. A message that is not accepted yet is stopped right after.
   */
  stop(thread: string, target: StopTarget): Promise<{ readonly run: string; readonly outcome: RunOutcome }>;
  /** Allows or refuses a call that waits for the user. Rejects `not-waiting` if somebody said otherwise before, or it is too late. */
  answer(thread: string, run: string, callId: string, approve: boolean): Promise<void>;
  /**
   * An id to send to for a thread that does not exist yet: it is made with its first message, however long the server is away,
   * and `created` tells the server's id. Only `send`, `stop`, `discard` and the outbox know such an id.
   */
  beginThread(): string;
  /** What the methods above do. The same one again is the same one. */
  submit(command: CommandFrame, options?: { readonly signal?: AbortSignal }): PendingCommand;
  /** Forgets a command of the outbox, for instance a refused one. */
  discard(id: string): void;
  /** Connects now: after a sign-in (with the new token, unless cookies are used), or to shorten a wait. */
  reconnect(options?: { readonly token?: string }): void;
  listThreads(options?: { readonly signal?: AbortSignal }): Promise<readonly ThreadSummary[]>;
  /** The user's threads that have all these words in their titles or in the user's messages. */
  searchThreads(text: string, options?: SearchOptions): Promise<FoundThreads>;
  createThread(title?: string): Promise<ThreadDetails>;
  getThread(id: string, options?: { readonly signal?: AbortSignal }): Promise<ThreadDetails>;
  renameThread(id: string, title: string): Promise<void>;
  deleteThread(id: string): Promise<void>;
  getMessages(id: string, options?: PageOptions): Promise<MessagesPage>;
  /** Ends sockets, requests and timers for good; runs on the server go on. */
  close(): Promise<void>;
}
