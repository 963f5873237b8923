import { performance } from 'node:perf_hooks';
import { createClient, RESP_TYPES, type RedisClientType } from 'redis';
import { RedisManagerError, type RedisRole } from '../errors.ts';
import { fullJitter, pause } from './backoff.ts';
import type { Endpoint } from './endpoint.ts';
import { toManagerError } from './reply-errors.ts';
import { Ticket } from './ticket.ts';

/** One argument of a command. */
export type RedisArgument = string | Buffer;

/** How long and until when a call may take. */
export interface SendOptions {
  /** By the monotonic clock (`performance.now()`), in ms. */
  readonly deadlineAt: number;
  readonly signal?: AbortSignal | undefined;
  /** Replies hold Buffers instead of strings. */
  readonly buffers?: boolean | undefined;
}

export interface ConnectionOptions {
  readonly role: RedisRole;
  /** The connection's name in CLIENT LIST. */
  readonly name: string;
  readonly connectTimeoutMs: number;
  readonly maxQueuedCalls: number;
  /** Called before each attempt; says where to connect. */
  readonly locate: (signal: AbortSignal) => Promise<Endpoint>;
  readonly onUp: (client: RedisClient) => void;
  /** After a live connection ended, and after each attempt that failed. */
  readonly onDown: (error: RedisManagerError) => void;
}

/** What the manager uses of node-redis' client, whose own type carries every module. */
export type RedisClient = RedisClientType;

const RECONNECT_MIN_MS = 20;
const RECONNECT_MAX_MS = 500;
const BUFFERS = { [RESP_TYPES.BLOB_STRING]: Buffer } as const;
/** Replies that mean "not now": the call is sent again within its deadline. */
const RETRY_INSIDE = new Set(['connection-lost', 'loading', 'maxclients', 'clusterdown', 'moved']);

/**
 * One connection that is always wanted: it connects, and connects again with full jitter until it is closed. The
 * driver's own reconnecting is off, because only who decides about the socket can tell which commands were never
 * written. Calls made while it is away wait, bounded in number and by their deadlines.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #closing = new AbortController();
  readonly #flying = new Set<Ticket>();
  readonly #waiting = new Set<() => void>();
  #client: RedisClient | undefined;
  #node = 'redis';
  #end: ((error: RedisManagerError) => void) | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get client(): RedisClient | undefined {
    return this.#client;
  }

  get node(): string {
    return this.#node;
  }

  /** Commands waiting for a connection or for their reply. */
  get pending(): number {
    return this.#flying.size + this.#waiting.size;
  }

  start(): void {
    this.#loop ??= this.#stayConnected();
  }

  /** Ends the present socket, because it no longer answers; a new one is opened. */
  drop(reason: string): void {
    this.#end?.(this.#lost(reason));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#end?.(this.#closed());
    for (const wake of [...this.#waiting]) wake();
    await this.#loop;
  }

  /** Sends one command. Rejects with a {@link RedisManagerError} that says whether it was applied; never outlives its deadline. */
  async call(args: readonly RedisArgument[], options: SendOptions): Promise<unknown> {
    for (let attempt = 0; ; attempt++) {
      const client = this.#client ?? (await this.#waitForClient(options));
      try {
        return await this.#send(client, args, options);
      } catch (error) {
        if (!(error instanceof RedisManagerError) || error.applied !== 'no' || !RETRY_INSIDE.has(error.code))
          throw error;
        const wait = fullJitter(attempt, 5, 200);
        if (performance.now() + wait >= options.deadlineAt || this.#closing.signal.aborted) throw error;
        await pause(wait, options.signal);
      }
    }
  }

  #send(client: RedisClient, args: readonly RedisArgument[], options: SendOptions): Promise<unknown> {
    const ticket = new Ticket();
    const { signal } = options;
    return new Promise((resolve, reject) => {
      const giveUp = (code: 'timeout' | 'aborted', what: string): void => {
        const applied = ticket.withdraw() ? 'no' : 'unknown';
        finish();
        reject(this.#error(`${this.#node} ${what}`, code, code === 'timeout' && applied === 'no', applied));
      };
      const onAbort = (): void => giveUp('aborted', 'call was aborted by its caller');
      const timer = setTimeout(
        () => giveUp('timeout', 'did not answer within the deadline'),
        Math.max(0, options.deadlineAt - performance.now()),
      );
      const finish = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#flying.delete(ticket);
      };
      this.#flying.add(ticket);
      signal?.addEventListener('abort', onAbort, { once: true });
      client
        .sendCommand(args, { abortSignal: ticket.signal, ...(options.buffers && { typeMapping: BUFFERS }) })
        .then(resolve, (error: unknown) =>
          reject(
            toManagerError(error, { role: this.#options.role, node: this.#node, written: !ticket.aborted }),
          ),
        )
        .finally(finish);
    });
  }

  #waitForClient({ deadlineAt, signal }: SendOptions): Promise<RedisClient> {
    if (this.#closing.signal.aborted) return Promise.reject(this.#closed());
    if (this.#waiting.size >= this.#options.maxQueuedCalls) {
      return Promise.reject(
        this.#error('Too many calls wait for a connection to Redis', 'queue-full', true, 'no'),
      );
    }
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', settle);
        this.#waiting.delete(settle);
        if (this.#client !== undefined) resolve(this.#client);
        else if (this.#closing.signal.aborted) reject(this.#closed());
        else if (signal?.aborted)
          reject(this.#error('The call was aborted by its caller', 'aborted', false, 'no'));
        else reject(this.#error('No connection to Redis within the deadline', 'timeout', true, 'no'));
      };
      const timer = setTimeout(settle, Math.max(0, deadlineAt - performance.now()));
      signal?.addEventListener('abort', settle, { once: true });
      this.#waiting.add(settle);
    });
  }

  async #stayConnected(): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const client = await this.#open(signal);
        attempt = 0;
        await this.#untilEnded(client);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.onDown(this.#asError(error));
      }
      await pause(fullJitter(attempt, RECONNECT_MIN_MS, RECONNECT_MAX_MS), signal);
    }
  }

  async #open(signal: AbortSignal): Promise<RedisClient> {
    const endpoint = await this.#options.locate(signal);
    this.#node = endpoint.node;
    const client = createClient({
      ...endpoint.client,
      name: this.#options.name,
      RESP: 3,
      socket: {
        ...endpoint.client.socket,
        connectTimeout: this.#options.connectTimeoutMs,
        reconnectStrategy: false,
      },
    } as Parameters<typeof createClient>[0]) as unknown as RedisClient;
    // Until the loop below listens, and for errors that follow the first: without a listener Node would end the process.
    client.on('error', () => undefined);
    const late = new AbortController();
    try {
      // connectTimeout covers the socket; a frozen server accepts and never answers HELLO.
      const timeout = pause(2 * this.#options.connectTimeoutMs, late.signal).then(() => {
        throw this.#lost('did not answer the handshake');
      });
      timeout.catch(() => undefined);
      await Promise.race([client.connect(), timeout]);
      signal.throwIfAborted();
      return client;
    } catch (error) {
      client.destroy();
      throw error;
    } finally {
      late.abort();
    }
  }

  /** Publishes the client and holds until its socket ends; then settles what had not been written as not applied. */
  async #untilEnded(client: RedisClient): Promise<void> {
    const ended = new Promise<RedisManagerError>((resolve) => {
      this.#end = (error) => {
        this.#end = undefined;
        this.#client = undefined;
        for (const ticket of [...this.#flying]) ticket.withdraw();
        resolve(error);
      };
    });
    client.on('error', (error: unknown) => this.#end?.(this.#lost('connection ended', error)));
    if (!client.isReady) this.#end?.(this.#lost('connection ended at once'));
    else {
      this.#client = client;
      this.#options.onUp(client);
      for (const wake of [...this.#waiting]) wake();
    }
    const error = await ended;
    client.destroy();
    if (!this.#closing.signal.aborted) this.#options.onDown(error);
  }

  #asError(error: unknown): RedisManagerError {
    if (error instanceof RedisManagerError) return error;
    const typed = toManagerError(error, { role: this.#options.role, node: this.#node, written: false });
    return typed.code === 'connection-lost' ? this.#lost(reasonOf(error), error) : typed;
  }

  #lost(what: string, cause?: unknown): RedisManagerError {
    return this.#error(`Redis at ${this.#node}: ${what}`, 'connection-lost', true, 'no', cause);
  }

  #closed(): RedisManagerError {
    return this.#error('The Redis manager is closed', 'closed', false, 'no');
  }

  #error(
    message: string,
    code: RedisManagerError['code'],
    retryable: boolean,
    applied: RedisManagerError['applied'],
    cause?: unknown,
  ): RedisManagerError {
    return new RedisManagerError(message, {
      code,
      retryable,
      applied,
      node: this.#node,
      role: this.#options.role,
      cause,
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ENOENT: 'is not running (no socket)',
  ENOTFOUND: 'has a host name that does not resolve',
  EAI_AGAIN: 'has a host name that does not resolve now',
  EACCES: 'may not be reached (permission denied)',
  ETIMEDOUT: 'does not answer',
  ECONNRESET: 'resets connections',
};

function reasonOf(error: unknown): string {
  const { code, message, name } = error as { code?: string; message?: string; name?: string };
  if (code !== undefined && REASONS[code] !== undefined) return REASONS[code];
  if (name === 'ConnectionTimeoutError' || /connection timeout/i.test(message ?? ''))
    return 'does not answer';
  if (/Socket closed unexpectedly/i.test(message ?? '')) return 'closed the connection during the handshake';
  return code ?? 'connection failed';
}
