import { type Command, Redis, type RedisOptions } from 'ioredis';
import { fullJitter, pause } from '../connection/backoff.ts';
import type { Credentials, Endpoint } from '../topology/index.ts';
import { CLOSE_TIMEOUT_MS, type LoanParts, nameOf, RECONNECT_MAX_MS, RECONNECT_MIN_MS } from './context.ts';
import { LoanConnector, type Whereabouts } from './ioredis-connector.ts';
import { guarded, quitInTime } from './ioredis-guards.ts';
import type { LoanConnection } from './ledger.ts';
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
  readonly #entry: LoanConnection;
  #ended = Promise.withResolvers<void>();
  #endpoint: Endpoint | undefined;
  #pings: NodeJS.Timeout | undefined;

  /** Throws `closed`, `loan-budget`. */
  constructor(parts: LoanParts) {
    parts.ledger.requireRoom();
    const { lazyConnect = false, ...options } = parts.options as Options;
    const where = { ...whereabouts(parts), located: (endpoint: Endpoint) => this.#located(endpoint) };
    super(clientOptions(parts, options, where, (error) => this.#demoted(error)));
    this.#parts = parts;
    this.#name = nameOf(parts);
    this.#entry = this.#makeEntry();
    parts.ledger.enter(this.#entry);
    this.on('error', () => undefined);
    this.options.lazyConnect = lazyConnect === true;
    if (lazyConnect !== true) this.connect().catch(() => undefined);
  }

  /** Also for a client that was closed: it is taken out anew. Rejects `closed`, `loan-budget`. */
  override connect(callback?: Callback<void>): Promise<void> {
    const { ledger } = this.#parts;
    try {
      if (ledger.enter(this.#entry)) this.#ended = Promise.withResolvers();
    } catch (error) {
      callback?.(error as Error);
      return Promise.reject(error);
    }
    // ioredis remembers a disconnect() that came before there was a socket, and would not connect again after the next loss.
    if (this.status === 'wait' || this.status === 'end') Reflect.set(this, 'manuallyClosing', false);
    this.#keepAsking();
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
    if (event === 'end' && this.status === 'end') this.#left();
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

  /** `socketTimeout` sees that nothing comes although something is due; a client that only listens must have asked for it. */
  #keepAsking(): void {
    const { silentMs } = this.#parts.loan.terms;
    if (silentMs === 0 || this.#pings !== undefined) return;
    const ask = (): void => void (this.status === 'ready' && this.ping().catch(() => undefined));
    this.#pings = setInterval(ask, silentMs / 2).unref();
  }

  #left(): void {
    clearInterval(this.#pings);
    this.#pings = undefined;
    this.#parts.ledger.leave(this.#entry);
    this.#ended.resolve();
  }

  #makeEntry(): LoanConnection {
    const { loan, duplicate, context } = this.#parts;
    return {
      loan,
      duplicate,
      end: async () => {
        await this.quit();
        if (this.status !== 'end') this.disconnect();
        await Promise.race([this.#ended.promise, pause(CLOSE_TIMEOUT_MS)]);
        this.#left();
      },
      authenticate: async ({ username = 'default', password = '' }: Credentials) => {
        if (this.status === 'ready') await this.call('AUTH', username, password);
      },
      relocate: async () => {
        const { node } = await context.locate(new AbortController().signal);
        const connected = this.status === 'ready' || this.status === 'connect';
        if (connected && node !== this.#endpoint?.node) this.disconnect(true);
      },
    };
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
