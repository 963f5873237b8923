import { createClient, DisconnectsClientError, type RedisClientOptions, type RedisClientType } from 'redis';
import { fullJitter, pause } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import type { Credentials, Endpoint } from '../topology/index.ts';
import { CLOSE_TIMEOUT_MS, type LoanParts, nameOf, RECONNECT_MAX_MS, RECONNECT_MIN_MS } from './context.ts';
import type { Loan, LoanConnection } from './ledger.ts';
import { makeFront, redacting } from './node-redis-front.ts';
import { withoutManaged } from './options.ts';
import { untilServing } from './serving.ts';
import { watch } from './watch.ts';

const PUBSUB_TYPES = ['CHANNELS', 'PATTERNS', 'SHARDED'] as const;

/**
 * A node-redis client that is out. The library holds its front, an object of the driver's own class; behind it is the
 * client with the socket, which is replaced when Redis has moved, when a dead connection must be given up, and when the
 * library connects again what it had closed. The driver can do none of these: its address is fixed when it is made, and a
 * client that is destroyed while it connects goes on connecting.
 */
export class NodeRedisLoan implements LoanConnection {
  readonly loan: Loan;
  readonly duplicate: boolean;
  readonly client: RedisClientType;
  readonly #parts: LoanParts;
  #endpoint: Endpoint;
  #raw: RedisClientType;
  /** Whether the present client has been connected before. */
  #used = false;
  /** What `connect()` waits for. */
  #opening: PromiseWithResolvers<void> | undefined;
  /** Unsettled while Redis owes an answer to the handshake. */
  #handshake: PromiseWithResolvers<void> | undefined;
  #life = new AbortController();
  #stopWatching = (): void => undefined;

  /** Throws `closed`, `loan-budget`. */
  constructor(parts: LoanParts) {
    parts.ledger.requireRoom();
    this.loan = parts.loan;
    this.duplicate = parts.duplicate;
    this.#parts = parts;
    this.#endpoint = parts.endpoint;
    this.#raw = this.#make();
    this.client = makeFront(this.#raw, {
      raw: () => this.#raw,
      connect: () => this.#connect(),
      end: (how) => this.#end(how),
      destroy: () => this.#destroy(),
      duplicate: (overrides, commandOptions) => this.#duplicate(overrides, commandOptions),
      isOut: () => parts.ledger.has(this),
    });
    parts.ledger.enter(this);
  }

  end(): Promise<void> {
    return this.#end('quit');
  }

  async authenticate({ username = 'default', password = '' }: Credentials): Promise<void> {
    if (this.#raw.isReady) await this.#raw.sendCommand(['AUTH', username, password]);
  }

  async relocate(): Promise<void> {
    this.#moveTo(await this.#parts.context.locate(this.#life.signal));
  }

  /** Also for a loan that is open already, or was returned: then it is taken out anew. */
  #connect(): Promise<void> {
    try {
      if (this.#parts.ledger.enter(this)) this.#life = new AbortController();
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#raw.isReady) return Promise.resolve();
    this.#opening ??= unwatchedPromise();
    if (!this.#raw.isOpen) {
      if (this.#used) this.#replace();
      this.#open();
    }
    return this.#opening.promise;
  }

  #open(): void {
    const raw = this.#raw;
    this.#used = true;
    this.#stopWatching();
    this.#stopWatching = watch({
      silentMs: this.loan.terms.silentMs,
      ask: () => (this.#raw.isReady ? this.#raw.sendCommand(['PING']) : this.#handshake?.promise),
      silent: () => this.#giveUp(),
    });
    raw.connect().catch((error: unknown) => {
      if (raw === this.#raw && !raw.isOpen) this.#left(error);
    });
  }

  /** Waits for what is in flight if there is a connection at all: the driver itself would wait for one that never comes. */
  async #end(how: 'quit' | 'close'): Promise<void> {
    const raw = this.#raw;
    if (raw.isReady) {
      const late = new AbortController();
      const ended = Promise.resolve(how === 'quit' ? raw.quit() : raw.close()).catch(() => undefined);
      await Promise.race([ended, pause(CLOSE_TIMEOUT_MS, late.signal)]);
      late.abort();
    }
    // Connected again meanwhile: then this is no longer its end.
    if (raw === this.#raw) this.#destroy();
  }

  #destroy(): void {
    this.#raw.destroy();
    this.#left(failure('The loan was returned', 'closed'));
  }

  #left(reason: unknown): void {
    this.#life.abort();
    this.#stopWatching();
    this.#parts.ledger.leave(this);
    this.#opening?.reject(reason);
    this.#opening = undefined;
  }

  #giveUp(): void {
    const { silentMs } = this.loan.terms;
    const { node } = this.#endpoint;
    this.client.emit(
      'error',
      failure(`Redis at ${node} did not answer for ${silentMs} ms`, 'connection-lost'),
    );
    this.#replace();
    this.client.emit('reconnecting');
  }

  #moveTo(endpoint: Endpoint): boolean {
    if (endpoint.node === this.#endpoint.node) return false;
    this.#endpoint = endpoint;
    if (this.#parts.ledger.has(this)) this.#replace();
    return true;
  }

  /** Puts another client behind the front; it connects if the one before was to be connected. */
  #replace(): void {
    const old = this.#raw;
    const next = this.#make();
    // The driver subscribes anew to what it has listeners for when it connects.
    for (const type of PUBSUB_TYPES) {
      const channels = next.getPubSubListeners(type);
      for (const [channel, listeners] of old.getPubSubListeners(type)) channels.set(channel, listeners);
    }
    moveQueue(old, next);
    const wanted = old.isOpen;
    // First it is no longer the one: its `end` is not the loan's.
    this.#raw = next;
    old.destroy();
    if (wanted) this.#open();
  }

  #duplicate(overrides: Readonly<Record<string, unknown>>, commandOptions: unknown): RedisClientType {
    const own = withoutManaged('node-redis', overrides, this.#raw.options as Record<string, unknown>);
    const options = { ...this.#parts.options, commandOptions, ...own };
    return new NodeRedisLoan({ ...this.#parts, endpoint: this.#endpoint, options, duplicate: true }).client;
  }

  #make(): RedisClientType {
    const { socket, database } = this.#endpoint.client;
    const client = createClient({
      ...this.#parts.options,
      ...(database !== undefined && { database }),
      name: nameOf(this.#parts),
      // Redis Enterprise's notices would lead it to addresses of its own.
      maintNotifications: 'disabled',
      credentialsProvider: { type: 'async-credentials-provider', credentials: () => this.#credentials() },
      socket: {
        ...socket,
        connectTimeout: this.#parts.context.connectTimeoutMs,
        reconnectStrategy: (retries: number) => this.#reconnect(retries),
      },
    } as RedisClientOptions);
    // What `createClient` gives is an empty object over the client proper.
    const raw = Object.getPrototypeOf(client) as RedisClientType;
    redacting(raw, 'sendCommand');
    raw.emit = (event: string | symbol, ...args: unknown[]) => this.#heard(raw, event, args);
    return raw;
  }

  /** Called by the driver between connecting and its handshake. */
  async #credentials(): Promise<Credentials> {
    const { signal } = this.#life;
    const endpoint = await this.#parts.context.locate(signal);
    if (this.#moveTo(endpoint)) throw failure('Redis is elsewhere by now', 'connection-lost');
    await untilServing(this.#parts, endpoint, signal);
    this.#handshake = unwatchedPromise();
    const { username, password } = endpoint.client;
    return { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
  }

  #reconnect(retries: number): number | false {
    const { ledger } = this.#parts;
    if (ledger.closed || !ledger.has(this)) return false;
    // The place is asked for between connecting and the handshake; one that cannot be connected to gets no further than this.
    this.relocate().catch(() => undefined);
    return fullJitter(retries, RECONNECT_MIN_MS, RECONNECT_MAX_MS);
  }

  #heard(raw: RedisClientType, event: string | symbol, args: readonly unknown[]): boolean {
    // A client that was destroyed while it connected: the driver would finish, and keep a connection that nobody knows.
    if (event === 'connect' && (raw !== this.#raw || !raw.isOpen)) raw.destroy();
    // Replaced, or still being made: nobody's business.
    if (raw !== this.#raw) return false;
    if (event === 'ready' || event === 'error') {
      this.#handshake?.resolve();
      this.#handshake = undefined;
    }
    if (event === 'ready') {
      this.#opening?.resolve();
      this.#opening = undefined;
    }
    if (event === 'terminated') this.#left(args[0]);
    return this.client.emit(event, ...args);
  }
}

/**
 * What waits to be sent waits for the next client; not what the driver ties to the old one: subscriptions, which the front
 * repeats, and the rest of a transaction that has begun.
 */
function moveQueue(old: RedisClientType, next: RedisClientType): void {
  const queue = old._getQueue();
  const { chainInExecution } = queue;
  const commands = queue.extractAllCommands();
  const tied = ({ channelsCounter, chainId }: (typeof commands)[number]): boolean =>
    channelsCounter !== undefined || (chainId !== undefined && chainId === chainInExecution);
  queue.rejectCommands(commands.filter(tied), new DisconnectsClientError());
  next._getQueue().prependCommandsToWrite(commands.filter((command) => !tied(command)));
}

function failure(message: string, code: 'closed' | 'connection-lost'): RedisManagerError {
  const lost = code === 'connection-lost';
  return new RedisManagerError(message, { code, retryable: lost, applied: lost ? 'unknown' : 'no' });
}

/** Whether anybody waits for it or not. */
function unwatchedPromise(): PromiseWithResolvers<void> {
  const made = Promise.withResolvers<void>();
  made.promise.catch(() => undefined);
  return made;
}
