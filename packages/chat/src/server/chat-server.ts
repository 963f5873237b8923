import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RedisManager } from '@taproot/redis';
import type { Agent } from './agent.ts';
import { Sessions } from './auth/sessions.ts';
import { Gateway } from './gateway/gateway.ts';
import { LIMITS } from './gateway/limits.ts';
import type { Allowed } from './http/origin.ts';
import { type Route, threadRoutes } from './http/routes.ts';
import { Worker } from './runs/worker.ts';
import { SCRIPTS } from './scripts.ts';
import { HistoryReads } from './threads/history-reads.ts';
import { ThreadStore } from './threads/store.ts';

/** Options of {@link createChatServer}. */
export interface ChatServerOptions {
  readonly manager: RedisManager;
  /** Who answers. Needed unless `role` is `gateway`. */
  readonly agent?: Agent;
  /** Keys the hashes of tokens, at least 32 bytes; the same in all processes of a deployment. */
  readonly secret: Uint8Array;
  /** Hold sockets, execute runs, or both. @default 'all' */
  readonly role?: 'all' | 'gateway' | 'worker';
  /** Host names besides the loopback ones, and origins besides the page's own. @default none */
  readonly allowed?: Allowed;
  /** How long a run belongs to its worker without a renewal, in ms, at least 300. @default 5000 */
  readonly leaseMs?: number;
  /** How long an answer may take, in ms. @default 600000 */
  readonly runDeadlineMs?: number;
  /** How long a message may wait for its turn, in ms. @default 3600000 */
  readonly queueDeadlineMs?: number;
  /** How long a run waits for the user to allow a call, in ms. @default 600000 */
  readonly answerDeadlineMs?: number;
  /** Takeovers after which a run ends as `orphaned`. @default 3 */
  readonly maxTakeovers?: number;
  /** Runs that one worker executes at once. @default 64 */
  readonly maxRuns?: number;
  /** Told of failures that no client sees: an agent's exception, a bug. @default console.error */
  readonly onError?: (error: unknown) => void;
}

export const DEFAULT_CHAT_OPTIONS = {
  role: 'all',
  leaseMs: 5000,
  runDeadlineMs: 600_000,
  queueDeadlineMs: 3_600_000,
  answerDeadlineMs: 600_000,
  maxTakeovers: 3,
  maxRuns: 64,
} as const;

/** Messages that an agent is told of, the newest ones; see {@link RunContext.history}. */
const MAX_AGENT_MESSAGES = 200;
/** An answer's text that may wait in memory while Redis is away. */
const MAX_BUFFERED_BYTES = 256 * 1024;

/** A chat server on a manager, to be mounted on any HTTP server. */
export class ChatServer {
  readonly sessions: Sessions;
  readonly threads: ThreadStore;
  /** HTTP routes to mount, see {@link Route}. */
  readonly routes: readonly Route[];
  readonly #reads: HistoryReads;
  readonly #gateway: Gateway | undefined;
  readonly #worker: Worker | undefined;
  #closed: Promise<void> | undefined;

  /** Use {@link createChatServer}. */
  constructor(options: ChatServerOptions) {
    const { manager, secret, onError = console.error, role = DEFAULT_CHAT_OPTIONS.role } = options;
    const { allowed = { hosts: new Set(), origins: new Set() } } = options;
    manager.prepareScripts(SCRIPTS);
    this.sessions = new Sessions({ manager, secret });
    this.threads = new ThreadStore({ manager, maxQueuedRuns: LIMITS.maxQueuedRuns });
    this.#reads = new HistoryReads(manager.log);
    this.routes = threadRoutes(this.threads, this.#reads);
    if (role !== 'worker') {
      this.#gateway = new Gateway({
        manager,
        threads: this.threads,
        sessions: this.sessions,
        allowed,
        onError,
      });
    }
    if (role !== 'gateway' && options.agent !== undefined) {
      this.#worker = this.#createWorker(manager, options.agent, options, onError);
      this.#worker.start();
    }
  }

  /** Open sockets and running runs of this process. */
  get load(): { readonly sockets: number; readonly runs: number } {
    return { sockets: this.#gateway?.size ?? 0, runs: this.#worker?.running ?? 0 };
  }

  /** For an HTTP server's `upgrade` event. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#gateway === undefined) socket.destroy();
    else this.#gateway.handleUpgrade(request, socket, head);
  }

  /** Sends the clients elsewhere and leaves the runs to others. Does not close the manager. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= Promise.all([this.#worker?.stop(), this.#gateway?.close()]).then(() => undefined);
    return this.#closed;
  }

  #createWorker(
    manager: RedisManager,
    agent: Agent,
    options: ChatServerOptions,
    onError: (error: unknown) => void,
  ): Worker {
    const { leaseMs, runDeadlineMs, queueDeadlineMs, answerDeadlineMs, maxTakeovers, maxRuns } = {
      ...DEFAULT_CHAT_OPTIONS,
      ...options,
    };
    return new Worker({
      manager,
      agent,
      leaseMs,
      runDeadlineMs,
      queueDeadlineMs,
      answerDeadlineMs,
      maxTakeovers,
      maxRuns,
      maxBufferedBytes: MAX_BUFFERED_BYTES,
      history: async ({ thread, run }) => {
        const history = await this.#reads.of(thread, { before: run, limit: MAX_AGENT_MESSAGES + 1 });
        // Without the question itself.
        return history?.messages.slice(0, -1) ?? [];
      },
      onAgentError: onError,
      onError,
    });
  }
}

/** Makes a chat server and starts its worker. */
export function createChatServer(options: ChatServerOptions): ChatServer {
  return new ChatServer(options);
}
