import { type Command, Redis, type RedisOptions } from 'ioredis';
import { fullJitter } from '../connection/backoff.ts';
import type { Endpoint } from '../topology/index.ts';
import { type LoanParts, nameOf, RECONNECT_MAX_MS, RECONNECT_MIN_MS } from './context.ts';
import { LoanConnector, type Whereabouts } from './ioredis-connector.ts';
import { IORedisEntry } from './ioredis-entry.ts';
import { guarded, quitInTime } from './ioredis-guards.ts';
import { withoutManaged } from './options.ts';
import { redact } from './redact.ts';

type Callback<T> = (error?: Error | null, result?: T) => void;
type Options = Record<string, unknown>;

/** How long ioredis waits between two looks at a server that is loading its data, at most. */
const LOADING_RETRY_MS = 500;

/** An ioredis client that is out. Its duplicates are of the same class, and so are those that `monitor()` makes. */
export class LentRedis extends Redis {
  readonly #parts: LoanParts;
  readonly #name: string;
  readonly #entry: IORedisEntry;
  #endpoint: Endpoint | undefined;

  /** Throws `closed`, `loan-budget`. */
  constructor(parts: LoanParts) {
    parts.ledger.requireRoom();
    const { lazyConnect = false, ...options } = parts.options as Options;
    const where = { ...whereabouts(parts), located: (endpoint: Endpoint) => this.#located(endpoint) };
    super(clientOptions(parts, options, where, (error) => this.#demoted(error)));
    this.#parts = parts;
    this.#name = nameOf(parts);
    this.#entry = new IORedisEntry(parts, {
      connections: () => [this],
      hasEnded: () => this.status === 'end',
      quit: () => this.quit(),
      disconnect: () => this.disconnect(),
      relocate: () => this.#relocate(),
      // It is asked for before each connection is made.
      login: () => undefined,
    });
    this.#entry.enter();
    this.on('error', () => undefined);
    this.options.lazyConnect = lazyConnect === true;
    if (lazyConnect !== true) this.connect().catch(() => undefined);
  }

  /** Also for a client that was closed: it is taken out anew. Rejects `closed`, `loan-budget`. */
  override connect(callback?: Callback<void>): Promise<void> {
    try {
      this.#entry.enter();
    } catch (error) {
      callback?.(error as Error);
      return Promise.reject(error);
    }
    // ioredis remembers a disconnect() that came before there was a socket, and would not connect again after the next loss.
    if (this.status === 'wait' || this.status === 'end') Reflect.set(this, 'manuallyClosing', false);
    return super.connect(callback);
  }

  override disconnect(reconnect = false): void {
    // ioredis would stop its timer and leave the client, and what waits for it, in this state for good.
    if (!reconnect && this.status === 'reconnecting') this.status = 'wait';
    super.disconnect(reconnect);
  }

  override async quit(callback?: Callback<'OK'>): Promise<'OK'> {
    await quitInTime(
      () => super.quit(),
      () => this.disconnect(),
    );
    callback?.(null, 'OK');
    return 'OK';
  }

  override duplicate(overrides: RedisOptions = {}): Redis {
    const own = withoutManaged('ioredis', overrides as Options, this.options as Options);
    return new LentRedis({
      ...this.#parts,
      options: { ...withoutManaged('ioredis', this.options as Options, this.options as Options), ...own },
      duplicate: true,
    });
  }

  override sendCommand(command: Command, stream?: Parameters<Redis['sendCommand']>[1]): unknown {
    return guarded(command, this.#name, () => super.sendCommand(command, stream));
  }

  /** Not by listeners: the library may remove all of them. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event === 'error') redact(args[0]);
    // The library may have it connect again in the same tick.
    if (event === 'end' && this.status === 'end') this.#entry.left();
    return super.emit(event, ...args);
  }

  /** What was sent to a master that is none any more goes to the new one. */
  #demoted(error: Error): false | 2 {
    return this.#endpoint?.master === true && error.message.startsWith('READONLY') ? 2 : false;
  }

  /** ioredis took database and credentials from its options before it asked where to go. */
  #located(endpoint: Endpoint): void {
    this.#endpoint = endpoint;
    const { username, password, database = 0, socket } = endpoint.client;
    const { host, port, path, tls } = (socket ?? {}) as Options;
    // Whoever reads the options sees where the client is, but not as whom.
    Object.assign(this.options, { host, port, path, db: database, tls: tls === true ? {} : undefined });
    if (this.condition === null) return;
    this.condition.select = database;
    if (password === undefined) delete this.condition.auth;
    else this.condition.auth = username === undefined ? password : [username, password];
  }

  async #relocate(): Promise<void> {
    const { node } = await this.#parts.context.locate(new AbortController().signal);
    const connected = this.status === 'ready' || this.status === 'connect';
    if (connected && node !== this.#endpoint?.node) this.disconnect(true);
  }
}

function whereabouts({ context, ledger }: LoanParts): Omit<Whereabouts, 'located'> {
  return { locate: (signal) => context.locate(signal), isClosed: () => ledger.closed };
}

function clientOptions(
  parts: LoanParts,
  options: Options,
  where: Whereabouts,
  reconnectOnError: (error: Error) => false | 2,
): RedisOptions & { replyMapping?: 'legacy' } {
  const { context, loan, ledger } = parts;
  const { silentMs } = loan.terms;
  return {
    maxRetriesPerRequest: null,
    maxLoadingRetryTime: LOADING_RETRY_MS,
    ...options,
    connectTimeout: context.connectTimeoutMs,
    ...(silentMs > 0 && { socketTimeout: silentMs }),
    // The constructor of ioredis would connect before ours has run.
    lazyConnect: true,
    connectionName: nameOf(parts),
    reconnectOnError,
    retryStrategy: (times) => (ledger.closed ? null : fullJitter(times, RECONNECT_MIN_MS, RECONNECT_MAX_MS)),
    Connector: class extends LoanConnector {
      constructor() {
        super(where);
      }
    },
  };
}
