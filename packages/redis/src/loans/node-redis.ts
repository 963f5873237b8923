import { createClient, type RedisClientOptions, type RedisClientType } from 'redis';
import { fullJitter, pause } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import type { Credentials, Endpoint } from '../topology/index.ts';
import { DEFAULT_CONNECT_TIMEOUT_MS, type LoanContext } from './context.ts';
import { makeFront } from './front.ts';
import type { Ledger, Loan, LoanConnection } from './ledger.ts';
import { takeName, withoutManaged } from './options.ts';
import { unanswered, Watch } from './watch.ts';

/** All that a node-redis loan is made of. */
export interface NodeRedisParts {
  readonly loan: Loan;
  readonly ledger: Ledger;
  readonly context: LoanContext;
  readonly endpoint: Endpoint;
  /** The library's, without those that are the manager's. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly duplicate: boolean;
}

const RECONNECT_MIN_MS = 20;
const RECONNECT_MAX_MS = 500;
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
  readonly #parts: NodeRedisParts;
  readonly #name: string;
  readonly #connectTimeoutMs: number;
  readonly #watch: Watch;
  #endpoint: Endpoint;
  #raw: RedisClientType;
  #used = false;
  #opening: PromiseWithResolvers<void> | undefined;
  #relocating = false;
  #life = new AbortController();

  /** Throws `closed`, `loan-budget`. */
  constructor(parts: NodeRedisParts) {
    const { loan, ledger, context, endpoint, options } = parts;
    ledger.requireRoom();
    this.loan = loan;
    this.duplicate = parts.duplicate;
    const { name, ...rest } = options;
    const ours = `${context.app}:loan:${loan.terms.owner}`;
    this.#name = loan.terms.libraryNames && typeof name === 'string' ? name : ours;
    this.#parts = { ...parts, options: rest };
    this.#endpoint = endpoint;
    this.#connectTimeoutMs = context.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
    this.#raw = this.#make();
    this.client = makeFront(this.#raw, {
      raw: () => this.#raw,
      connect: () => this.#connect(),
      end: (how) => this.#end(how),
      destroy: () => this.#destroy(),
      duplicate: (overrides, commandOptions) => this.#duplicate(overrides, commandOptions),
      keepsName: !loan.terms.libraryNames,
      onError: (error) => context.onError?.(error, { driver: 'node-redis', owner: loan.terms.owner }),
    });
    this.#watch = new Watch({
      silentMs: loan.terms.silentMs,
      handshakeMs: 2 * this.#connectTimeoutMs,
      ready: () => this.#raw.isReady,
      ping: () => this.#raw.sendCommand(['PING']),
      drop: (what) => this.#drop(what),
    });
    ledger.enter(this);
  }

  async end(): Promise<void> {
    await this.#end('quit');
  }

  async authenticate({ username = 'default', password = '' }: Credentials): Promise<void> {
    if (this.#raw.isReady) await this.#raw.sendCommand(['AUTH', username, password]);
  }

  relocate(): void {
    if (this.#relocating) return;
    this.#relocating = true;
    this.#parts.context
      .locate(this.#life.signal)
      .then((endpoint) => this.#moveTo(endpoint))
      // Whoever asked next will hear it: it is asked before each attempt.
      .catch(() => undefined)
      .finally(() => {
        this.#relocating = false;
      });
  }

  #moveTo(endpoint: Endpoint): boolean {
    if (endpoint.node === this.#endpoint.node) return false;
    this.#endpoint = endpoint;
    if (this.#parts.ledger.has(this)) this.#replace();
    return true;
  }

  /** Also for a loan that is open already, or was returned: then it is taken out anew. */
  #connect(): Promise<void> {
    try {
      this.#parts.ledger.enter(this);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#raw.isReady) return Promise.resolve();
    this.#opening ??= opening();
    if (!this.#raw.isOpen) {
      if (this.#used) this.#replace();
      this.#open();
    }
    return this.#opening.promise;
  }

  #open(): void {
    const raw = this.#raw;
    this.#used = true;
    if (this.#life.signal.aborted) this.#life = new AbortController();
    this.#watch.start();
    raw.connect().catch((error: unknown) => {
      if (raw === this.#raw && !raw.isOpen) this.#left(error);
    });
  }

  /** Waits for what is in flight if there is a connection at all: the driver itself would wait for one that never comes. */
  async #end(how: 'quit' | 'close'): Promise<void> {
    const raw = this.#raw;
    if (raw.isReady) {
      const late = new AbortController();
      const ended = how === 'quit' ? raw.quit() : raw.close();
      const done = Promise.resolve(ended).then(
        () => undefined,
        () => undefined,
      );
      await Promise.race([done, pause(this.loan.terms.closeTimeoutMs, late.signal)]);
      late.abort();
    }
    // Connected again meanwhile: then this is no longer its end.
    if (raw === this.#raw) this.#destroy();
  }

  #destroy(): void {
    this.#raw.destroy();
    this.#left(
      new RedisManagerError('The loan was returned', { code: 'closed', retryable: false, applied: 'no' }),
    );
  }

  #left(reason: unknown): void {
    this.#life.abort();
    this.#watch.stop();
    this.#parts.ledger.leave(this);
    this.#opening?.reject(reason);
    this.#opening = undefined;
  }

  #drop(what: string): void {
    this.client.emit('error', unanswered(this.#endpoint.node, what));
    this.#replace();
    this.client.emit('reconnecting');
  }

  /** Puts another client behind the front; it connects if the one before was to be connected. */
  #replace(): void {
    const old = this.#raw;
    const next = this.#make();
    for (const type of PUBSUB_TYPES) {
      const channels = next.getPubSubListeners(type);
      for (const [channel, listeners] of old.getPubSubListeners(type)) channels.set(channel, listeners);
    }
    const wanted = old.isOpen;
    // First it is no longer the one: its `end` is not the loan's.
    this.#raw = next;
    old.destroy();
    if (wanted) this.#open();
  }

  #duplicate(overrides: Readonly<Record<string, unknown>>, commandOptions: unknown): RedisClientType {
    const own = withoutManaged('node-redis', overrides, this.#raw.options as Record<string, unknown>);
    const name = takeName('node-redis', own);
    const options = { ...this.#parts.options, commandOptions, ...own, ...(name !== undefined && { name }) };
    return new NodeRedisLoan({ ...this.#parts, endpoint: this.#endpoint, options, duplicate: true }).client;
  }

  #make(): RedisClientType {
    const { socket } = this.#endpoint.client;
    const { database } = this.#endpoint.client;
    const client = createClient({
      ...this.#parts.options,
      ...(database !== undefined && { database }),
      name: this.#name,
      // Redis Enterprise's notices would lead it to addresses of its own.
      maintNotifications: 'disabled',
      credentialsProvider: { type: 'async-credentials-provider', credentials: () => this.#credentials() },
      socket: {
        ...socket,
        connectTimeout: this.#connectTimeoutMs,
        reconnectStrategy: (retries: number) => this.#reconnect(retries),
      },
    } as RedisClientOptions);
    // What `createClient` gives is an empty object over the client proper.
    const raw = Object.getPrototypeOf(client) as RedisClientType;
    raw.emit = (event: string | symbol, ...args: unknown[]) => this.#heard(raw, event, args);
    return raw;
  }

  /** Called by the driver between connecting and its handshake. */
  async #credentials(): Promise<Credentials> {
    const { context } = this.#parts;
    const { signal } = this.#life;
    await context.serving?.(signal);
    const endpoint = await context.locate(signal);
    const { username, password } = endpoint.client;
    if (this.#moveTo(endpoint)) throw new RedisManagerError('Redis is elsewhere by now', MOVED);
    this.#watch.handshake();
    return { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
  }

  #reconnect(retries: number): number | false {
    const { context, ledger } = this.#parts;
    if (context.isClosed() || !ledger.has(this)) return false;
    this.relocate();
    return fullJitter(retries, RECONNECT_MIN_MS, RECONNECT_MAX_MS);
  }

  #heard(raw: RedisClientType, event: string | symbol, args: readonly unknown[]): boolean {
    // A client that was destroyed while it connected: the driver would finish, and keep a connection that nobody knows.
    if (event === 'connect' && (raw !== this.#raw || !raw.isOpen)) raw.destroy();
    // Replaced, or still being made: nobody's business.
    if (raw !== this.#raw) return false;
    if (event === 'ready' || event === 'error') this.#watch.settled();
    if (event === 'ready') {
      this.#opening?.resolve();
      this.#opening = undefined;
    }
    if (event === 'terminated') this.#left(args[0]);
    return this.client.emit(event, ...args);
  }
}

const MOVED = { code: 'connection-lost', retryable: true, applied: 'no' } as const;

function opening(): PromiseWithResolvers<void> {
  const made = Promise.withResolvers<void>();
  // Whether anybody waits for it or not.
  made.promise.catch(() => undefined);
  return made;
}
