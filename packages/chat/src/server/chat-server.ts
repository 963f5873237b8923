import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { MetricFamily, RedisManager } from '@taproot/redis';
import type { Agent } from './agent.ts';
import type { Authorize } from './auth/authorize.ts';
import { Sessions } from './auth/sessions.ts';
import type { DeliveryMeter } from './gateway/delivery-meter.ts';
import { Gateway } from './gateway/gateway.ts';
import type { Allowed } from './http/origin.ts';
import { type Route, threadRoutes } from './http/routes.ts';
import { type AddressOf, type ChatLimits, Limiter, peerAddress, resolveLimits } from './limits/index.ts';
import { countRuns, type RunCensus } from './runs/census.ts';
import { Worker } from './runs/worker.ts';
import { SCRIPTS } from './scripts.ts';
import { Caretaker } from './threads/caretaker.ts';
import { HistoryReads } from './threads/history-reads.ts';
import type { RetentionOptions } from './threads/retention.ts';
import { ThreadStore } from './threads/store.ts';

/** Options of {@link createChatServer}. */
export interface ChatServerOptions {
  readonly manager: RedisManager;
  /** Who answers. Needed unless `role` is `gateway`. */
  readonly agent?: Agent;
  /** Signs the tokens of sessions, at least 32 bytes; the same in all processes of a deployment. */
  readonly secret: Uint8Array;
  /** How long a session lasts, in ms. @default 604800000 */
  readonly sessionMs?: number;
  /** Hold sockets, execute runs, or both. @default 'all' */
  readonly role?: 'all' | 'gateway' | 'worker';
  /** Host names besides the loopback ones, and origins besides the page's own. @default none */
  readonly allowed?: Allowed;
  /** Who may do what with a thread. @default ownerOnly */
  readonly authorize?: Authorize;
  /** Other limits than {@link DEFAULT_LIMITS}. @default {} */
  readonly limits?: Partial<ChatLimits>;
  /** Where a request comes from; behind a proxy, what that says. @default peerAddress */
  readonly addressOf?: AddressOf;
  /** permessage-deflate for clients that offer it. @default false */
  readonly compression?: boolean;
  /** How often a sign of life is asked of each socket, in ms; one that gives none until the next time is cut. @default 30000 */
  readonly heartbeatMs?: number;
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
  /** How much of each thread's log is kept entry by entry. @default DEFAULT_RETENTION */
  readonly retention?: RetentionOptions;
  /** How often a worker looks after each thread though nothing happens in it, in ms. @default 21600000 (6 hours) */
  readonly careEveryMs?: number;
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
  careEveryMs: 21_600_000,
  maxRuns: 64,
  compression: false,
  heartbeatMs: 30_000,
} as const;

/** Messages that an agent is told of, the newest ones; see {@link RunContext.history}. */
const MAX_AGENT_MESSAGES = 200;
/** An answer's text that may wait in memory while Redis is away. */
const MAX_BUFFERED_BYTES = 256 * 1024;

/** A chat server on a manager, to be mounted on any HTTP server. */
export class ChatServer {
  readonly sessions: Sessions;
  readonly threads: ThreadStore;
  /** The limits of users and addresses, for an HTTP server's own routes. */
  readonly limiter: Limiter;
  /** HTTP routes to mount, see {@link Route}. */
  readonly routes: readonly Route[];
  readonly #manager: RedisManager;
  readonly #reads: HistoryReads;
  readonly #gateway: Gateway | undefined;
  readonly #worker: Worker | undefined;
  readonly #caretaker: Caretaker | undefined;
  #closed: Promise<void> | undefined;

  /** Use {@link createChatServer}. */
  constructor(options: ChatServerOptions) {
    const { manager, secret, sessionMs, onError = console.error, role = DEFAULT_CHAT_OPTIONS.role } = options;
    const limits = resolveLimits(options.limits);
    this.#manager = manager;
    manager.prepareScripts(SCRIPTS);
    this.sessions = new Sessions({ manager, secret, ...(sessionMs !== undefined && { sessionMs }) });
    const { maxQueuedRuns } = limits;
    this.threads = new ThreadStore({
      manager,
      maxQueuedRuns,
      ...(options.authorize && { authorize: options.authorize }),
    });
    this.limiter = new Limiter({ manager, limits, addressOf: options.addressOf ?? peerAddress });
    this.#reads = new HistoryReads(manager);
    this.routes = threadRoutes(this.threads, this.#reads, this.limiter);
    if (role !== 'worker') this.#gateway = this.#createGateway(options, onError);
    if (role !== 'gateway' && options.agent !== undefined) {
      this.#caretaker = new Caretaker({ ...DEFAULT_CHAT_OPTIONS, retention: {}, ...options, onError });
      this.#worker = this.#createWorker(manager, options.agent, options, onError);
      this.#caretaker.start();
      this.#worker.start();
    }
  }

  /** Open sockets and running runs of this process. */
  get load(): { readonly sockets: number; readonly runs: number } {
    return { sockets: this.#gateway?.size ?? 0, runs: this.#worker?.running ?? 0 };
  }

  /** Whether it is being closed: it takes no new sockets, and a load balancer should send none. */
  get draining(): boolean {
    return this.#closed !== undefined;
  }

  /** Events that this process has handed to sockets; undefined on a worker. */
  get deliveries(): DeliveryMeter | undefined {
    return this.#gateway?.deliveries;
  }

  /** Open runs of the deployment by their state; what it costs does not grow with their number. */
  countRuns(): Promise<RunCensus> {
    return countRuns(this.#manager);
  }

  /** Figures of this process's sockets, runs and limits, for `prometheusText`. */
  metrics(): MetricFamily[] {
    const { sockets, runs } = this.load;
    return [
      gauge('taproot_sockets', 'Open sockets', sockets),
      gauge('taproot_runs', 'Runs executed now', runs),
      gauge('taproot_draining', 'Whether this process is being closed', this.draining ? 1 : 0),
      ...(this.#gateway?.metrics() ?? []),
      ...this.limiter.metrics(),
    ];
  }

  /** For an HTTP server's `upgrade` event. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#gateway === undefined) socket.destroy();
    else this.#gateway.handleUpgrade(request, socket, head);
  }

  /** Sends the clients elsewhere and leaves the runs to others. Does not close the manager. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= Promise.all([
      this.#worker?.stop(),
      this.#caretaker?.stop(),
      this.#gateway?.close(),
    ]).then(() => undefined);
    return this.#closed;
  }

  #createGateway(options: ChatServerOptions, onError: (error: unknown) => void): Gateway {
    const { manager, allowed, compression, heartbeatMs } = { ...DEFAULT_CHAT_OPTIONS, ...options };
    return new Gateway({
      manager,
      threads: this.threads,
      sessions: this.sessions,
      limiter: this.limiter,
      allowed: allowed ?? { hosts: new Set(), origins: new Set() },
      compression,
      heartbeatMs,
      onError,
    });
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
      ended: async (thread) => this.#caretaker?.look(thread),
      onAgentError: onError,
      onError,
    });
  }
}

/** Makes a chat server and starts its worker. */
export function createChatServer(options: ChatServerOptions): ChatServer {
  return new ChatServer(options);
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'gauge', samples: [{ value }] };
}
