import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RedisClientOptions } from 'redis';
import { RedisManagerError, type RedisRole } from '../errors.ts';
import type { Credentials, Endpoint } from '../topology/index.ts';
import { fullJitter, pause } from './backoff.ts';
import { Call, type RedisArgument, type SendOptions } from './call.ts';
import { Dispatcher } from './dispatcher.ts';
import { driverClient, endDriverClient, type RedisClient } from './driver.ts';
import type { Link, Placement } from './link.ts';
import type { ConnectionLoad } from './load.ts';
import { reasonOf } from './reasons.ts';
import { toManagerError } from './reply-errors.ts';

export interface ConnectionOptions {
  readonly role: RedisRole;
  /** The connection's name in CLIENT LIST. */
  readonly name: string;
  readonly connectTimeoutMs: number;
  readonly maxQueuedCalls: number;
  readonly maxQueuedBytes: number;
  /** Says which calls belong to another connection. @default none does */
  readonly placement?: Placement;
  /** Called before each attempt; says where to connect. */
  readonly locate: (signal: AbortSignal) => Promise<Endpoint>;
  /** Takes the server's messages about changed keys. */
  readonly pushes?: RedisClientOptions['clientSideCache'];
  readonly onUp: (client: RedisClient) => void;
  /** After a live connection ended, and after each attempt that failed. */
  readonly onDown: (error: RedisManagerError) => void;
}

const RECONNECT_MIN_MS = 20;
const RECONNECT_MAX_MS = 500;
const RETIRE_LOOK_MS = 20;

/**
 * One connection that is always wanted: it connects, and connects again with full jitter until it is closed. The
 * driver's own reconnecting is off, because only who decides about the socket can tell which commands were never
 * written. Calls made while it is away wait, bounded in number and by their deadlines.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #closing = new AbortController();
  readonly #dispatcher: Dispatcher;
  /** The node was chosen as a master, so a read-only reply means that it is none any more. */
  #master = false;
  #client: RedisClient | undefined;
  /** Connections made so far. */
  #made = 0;
  #node = 'redis';
  #tls = false;
  #end: ((error: RedisManagerError) => void) | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#dispatcher = new Dispatcher(this.#link(), options);
  }

  get client(): RedisClient | undefined {
    return this.#client;
  }

  get node(): string {
    return this.#node;
  }

  /** Its calls, for whoever moves calls between connections. */
  get calls(): Dispatcher {
    return this.#dispatcher;
  }

  /** What it is doing now, for metrics. */
  get load(): ConnectionLoad {
    const connected = this.#client !== undefined;
    return {
      role: this.#options.role,
      node: this.#node,
      connected,
      made: this.#made,
      ...this.#dispatcher.load,
    };
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
    this.#dispatcher.close();
    await this.#loop;
  }

  /**
   * Ends it because its node is no longer wanted: what waits goes elsewhere, what is in flight may be answered within `graceMs`,
   * and what fails then may be sent elsewhere too.
   */
  async retire(graceMs: number): Promise<void> {
    this.#dispatcher.rehome();
    const endsAt = performance.now() + graceMs;
    while (this.#dispatcher.load.open > 0 && performance.now() < endsAt && !this.#closing.signal.aborted)
      await pause(RETIRE_LOOK_MS, this.#closing.signal);
    if (!this.#closing.signal.aborted) this.drop('serves no slots any more');
    this.#closing.abort();
    await this.#loop;
    // What was in flight has failed by now, and went on to where it belongs if it may be sent again.
    await nextTurn();
    this.#dispatcher.close(this.#lost('serves no slots any more'));
  }

  /** Sends one command. Rejects with a {@link RedisManagerError} that says whether it was applied; never outlives its deadline. */
  call(args: readonly RedisArgument[], options: SendOptions): Promise<unknown> {
    return this.#dispatcher.dispatch(new Call(args, options));
  }

  /** Sends commands in one go, nothing between them. Resolves with all replies; rejects with the first failure, its fate unknown. */
  batch(commands: readonly (readonly RedisArgument[])[], options: SendOptions): Promise<unknown> {
    return this.#dispatcher.dispatch(new Call([], options, commands));
  }

  /** A probe was answered. */
  proven(): void {
    this.#dispatcher.proven();
  }

  #link(): Link {
    const connection = this;
    return {
      role: this.#options.role,
      get node() {
        return connection.#node;
      },
      get client() {
        return connection.#client;
      },
      get master() {
        return connection.#master;
      },
      placement: this.#options.placement,
      drop: (reason) => this.drop(reason),
      error: (message, code, retryable, applied) => this.#error(message, code, retryable, applied),
      closedError: () => this.#closed(),
    };
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
    this.#tls = endpoint.tls;
    const client = driverClient({
      ...endpoint.client,
      name: this.#options.name,
      clientSideCache: this.#options.pushes,
      socket: {
        ...endpoint.client.socket,
        connectTimeout: this.#options.connectTimeoutMs,
        reconnectStrategy: false,
      },
    } as RedisClientOptions);
    // Until the loop below listens, and for errors that follow the first: without a listener Node would end the process.
    client.on('error', () => undefined);
    const late = new AbortController();
    try {
      // connectTimeout covers the socket; a frozen server accepts and never answers HELLO.
      const limit = AbortSignal.any([late.signal, signal]);
      const timeout = pause(2 * this.#options.connectTimeoutMs, limit).then(() => {
        throw this.#lost('did not answer the handshake');
      });
      timeout.catch(() => undefined);
      await Promise.race([client.connect(), timeout]);
      if (endpoint.master) await Promise.race([this.#requireMaster(client), timeout]);
      signal.throwIfAborted();
      this.#master = endpoint.master;
      return client;
    } catch (error) {
      endDriverClient(client);
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
        this.#dispatcher.disconnected();
        resolve(error);
      };
    });
    client.on('error', (error: unknown) => this.#end?.(this.#lost('connection ended', error)));
    if (!client.isReady) this.#end?.(this.#lost('connection ended at once'));
    else {
      this.#client = client;
      this.#made++;
      this.#options.onUp(client);
      this.#dispatcher.connected();
    }
    const error = await ended;
    endDriverClient(client);
    if (!this.#closing.signal.aborted) this.#options.onDown(error);
  }

  #asError(error: unknown): RedisManagerError {
    if (error instanceof RedisManagerError) return error;
    const typed = toManagerError(error, { role: this.#options.role, node: this.#node, written: false });
    return typed.code === 'connection-lost' ? this.#lost(reasonOf(error, this.#tls), error) : typed;
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
