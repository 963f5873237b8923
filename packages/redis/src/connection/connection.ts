import { performance } from 'node:perf_hooks';
import { createClient, RESP_TYPES, type RedisClientType } from 'redis';
import { RedisManagerError, type RedisRole } from '../errors.ts';
import type { Credentials, Endpoint } from '../topology/index.ts';
import { fullJitter, pause } from './backoff.ts';
import { Call, type RedisArgument, type SendOptions } from './call.ts';
import { OpenCalls } from './open-calls.ts';
import { toManagerError } from './reply-errors.ts';

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
  readonly #open = new OpenCalls((call) => this.#look(call));
  #waiting = 0;
  /** The node was chosen as a master, so a read-only reply means that it is none any more. */
  #master = false;
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
    return this.#open.size;
  }

  start(): void {
    this.#loop ??= this.#stayConnected();
  }

  /** Ends the present socket, because it no longer answers; a new one is opened. */
  drop(reason: string): void {
    this.#end?.(this.#lost(reason));
  }

  /** Authenticates the live connection anew, without ending it. */
  async authenticate({ username = 'default', password = '' }: Credentials): Promise<void> {
    await this.#client?.sendCommand(['AUTH', username, password]).catch((error: unknown) => {
      throw toManagerError(error, { role: this.#options.role, node: this.#node, written: true });
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#end?.(this.#closed());
    this.#open.each((call) => this.#finish(call, this.#closed()));
    await this.#loop;
  }

  /** Sends one command. Rejects with a {@link RedisManagerError} that says whether it was applied; never outlives its deadline. */
  call(args: readonly RedisArgument[], options: SendOptions): Promise<unknown> {
    return this.#start(new Call(args, options));
  }

  /** Sends commands in one go, nothing between them. Resolves with all replies; rejects with the first failure, its fate unknown. */
  batch(commands: readonly (readonly RedisArgument[])[], options: SendOptions): Promise<unknown> {
    return this.#start(new Call([], options, commands));
  }

  #start(call: Call): Promise<unknown> {
    const { signal } = call.options;
    if (this.#closing.signal.aborted) call.reject(this.#closed());
    else if (signal !== undefined) this.#admitAbortable(call, signal);
    else this.#admit(call);
    return call.promise;
  }

  #admit(call: Call): void {
    if (this.#client === undefined && this.#waiting >= this.#options.maxQueuedCalls) {
      call.reject(this.#error('Too many calls wait for a connection to Redis', 'queue-full', true, 'no'));
      return;
    }
    this.#open.add(call);
    if (this.#client === undefined) this.#waiting++;
    else this.#send(call, this.#client);
  }

  #admitAbortable(call: Call, signal: AbortSignal): void {
    const onAbort = (): void => {
      if (call.phase === 'settled') return;
      const applied = call.withdraw() ? 'no' : 'unknown';
      this.#finish(call, this.#error('The call was aborted by its caller', 'aborted', false, applied));
    };
    this.#admit(call);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const forget = (): void => signal.removeEventListener('abort', onAbort);
    call.promise.then(forget, forget);
  }

  #send(call: Call, client: RedisClient): void {
    call.phase = 'sent';
    call.aborted = false;
    call.attempts++;
    const typeMapping = call.options.buffers ? { typeMapping: BUFFERS } : undefined;
    const reply =
      call.batch === undefined
        ? client.sendCommand(call.args, { abortSignal: call.signal, ...typeMapping })
        : // In one tick, so that they are neighbours in the driver's queue. Nothing of a batch can be taken back.
          Promise.all(call.batch.map((args) => client.sendCommand(args, typeMapping)));
    reply.then(
      (value) => {
        if (call.phase === 'settled') return;
        this.#open.delete(call);
        call.resolve(value);
      },
      (error: unknown) => this.#failed(call, error),
    );
  }

  /** Sends again what was certainly not applied, after a pause, while its deadline allows. */
  #failed(call: Call, cause: unknown): void {
    if (call.phase === 'settled') return;
    const error = toManagerError(cause, {
      role: this.#options.role,
      node: this.#node,
      written: !call.aborted,
    });
    const pauseMs = error.code === 'connection-lost' ? 0 : fullJitter(call.attempts, 5, 200);
    const notBefore = performance.now() + pauseMs;
    if (error.code === 'readonly' && this.#master) this.drop('has become a replica');
    const passing = RETRY_INSIDE.has(error.code) || (error.code === 'readonly' && this.#master);
    if (error.applied !== 'no' || !passing || notBefore >= call.options.deadlineAt) {
      this.#finish(call, error);
      return;
    }
    call.phase = 'waiting';
    call.notBefore = notBefore;
    call.lastError = error;
    this.#waiting++;
  }

  /** What a call needs now: its end at the deadline, or its next attempt. */
  #look(call: Call): void {
    if (call.expired) {
      const applied = call.withdraw() ? 'no' : 'unknown';
      const what = call.phase === 'waiting' ? 'had no connection' : 'did not answer';
      this.#finish(
        call,
        call.lastError ??
          this.#error(`${this.#node} ${what} within the deadline`, 'timeout', applied === 'no', applied),
      );
    } else if (
      call.phase === 'waiting' &&
      this.#client !== undefined &&
      performance.now() >= call.notBefore
    ) {
      this.#waiting--;
      this.#send(call, this.#client);
    }
  }

  #finish(call: Call, error: RedisManagerError): void {
    if (call.phase === 'settled') return;
    if (call.phase === 'waiting') this.#waiting--;
    this.#open.delete(call);
    call.reject(error);
  }

  async #stayConnected(): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const client = await this.#connect(signal);
        attempt = 0;
        await this.#untilEnded(client);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.onDown(this.#asError(error));
      }
      await pause(fullJitter(attempt, RECONNECT_MIN_MS, RECONNECT_MAX_MS), signal);
    }
  }

  async #connect(signal: AbortSignal): Promise<RedisClient> {
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
      if (endpoint.master) await this.#requireMaster(client);
      signal.throwIfAborted();
      this.#master = endpoint.master;
      return client;
    } catch (error) {
      client.destroy();
      throw error;
    } finally {
      late.abort();
    }
  }

  /** What a sentinel names as the master may not have become it yet, or be it no more. */
  async #requireMaster(client: RedisClient): Promise<void> {
    const [role] = (await client.sendCommand(['ROLE'])) as unknown as [string];
    if (role !== 'master') throw this.#lost('is a replica; a failover is under way');
  }

  /** Publishes the client and holds until its socket ends; then settles what had not been written as not applied. */
  async #untilEnded(client: RedisClient): Promise<void> {
    const ended = new Promise<RedisManagerError>((resolve) => {
      this.#end = (error) => {
        this.#end = undefined;
        this.#client = undefined;
        this.#open.each((call) => call.phase === 'sent' && call.withdraw());
        resolve(error);
      };
    });
    client.on('error', (error: unknown) => this.#end?.(this.#lost('connection ended', error)));
    if (!client.isReady) this.#end?.(this.#lost('connection ended at once'));
    else {
      this.#client = client;
      this.#options.onUp(client);
      this.#open.each((call) => this.#look(call));
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
