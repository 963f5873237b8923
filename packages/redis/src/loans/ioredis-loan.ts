import type { Socket } from 'node:net';
import type { Redis } from 'ioredis';
import { fullJitter, pause } from '../connection/backoff.ts';
import type { Credentials, Endpoint } from '../topology/index.ts';
import { DEFAULT_CONNECT_TIMEOUT_MS, type LoanContext } from './context.ts';
import { RECONNECT_MAX_MS, RECONNECT_MIN_MS } from './ioredis-connector.ts';
import type { Ledger, Loan, LoanConnection } from './ledger.ts';
import { unanswered, Watch } from './watch.ts';

/** All that an ioredis loan is made of. */
export interface IORedisParts {
  readonly loan: Loan;
  readonly ledger: Ledger;
  readonly context: LoanContext;
}

/** An ioredis client that is out: how it is counted, located and watched. */
export class IORedisLoan implements LoanConnection {
  readonly loan: Loan;
  readonly duplicate: boolean;
  readonly #parts: IORedisParts;
  readonly #client: Redis;
  readonly #watch: Watch;
  #endpoint: Endpoint | undefined;
  #life = new AbortController();
  #ended = Promise.withResolvers<void>();

  constructor(client: Redis, parts: IORedisParts, duplicate: boolean) {
    this.loan = parts.loan;
    this.duplicate = duplicate;
    this.#parts = parts;
    this.#client = client;
    const { silentMs } = this.loan.terms;
    this.#watch = new Watch({
      silentMs,
      handshakeMs: 2 * (parts.context.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS),
      ready: () => client.status === 'ready',
      ping: () => client.ping(),
      drop: (what) => client.stream.destroy(unanswered(this.#endpoint?.node ?? 'redis', what)),
    });
    parts.ledger.enter(this);
    this.listen();
  }

  get signal(): AbortSignal {
    return this.#life.signal;
  }

  /** Again after the library has removed all listeners. */
  listen(): void {
    const client = this.#client;
    for (const [event, listener] of Object.entries(this.#listeners))
      if (!client.listeners(event).includes(listener)) client.on(event, listener);
  }

  readonly #listeners: Readonly<Record<string, (error?: unknown) => void>> = {
    error: (error) => {
      const { driver, terms } = this.loan;
      this.#parts.context.onError?.(error, { driver, owner: terms.owner });
    },
    connect: () => this.#watch.handshake(),
    ready: () => this.#watch.settled(),
    close: () => this.#watch.settled(),
    // The library may have it connect again in the same tick.
    end: () => this.#client.status === 'end' && this.#left(),
  };

  /** It is about to connect. Throws `closed`, `loan-budget` if it was returned and there is no room for it. */
  open(): void {
    this.#parts.ledger.enter(this);
    if (this.#life.signal.aborted) {
      this.#life = new AbortController();
      this.#ended = Promise.withResolvers<void>();
    }
    this.#watch.start();
  }

  /** When to connect again; never once the manager is closed. */
  retry(times: number): number | null {
    const { context, ledger } = this.#parts;
    if (context.isClosed() || !ledger.has(this)) return null;
    return fullJitter(times, RECONNECT_MIN_MS, RECONNECT_MAX_MS);
  }

  /** Whether a reply says that the master is none any more: then the command goes to the new one. */
  isDemotion(error: Error): boolean {
    return this.#endpoint?.master === true && error.message.startsWith('READONLY');
  }

  /** ioredis took database and credentials from its options before it asked where to go. */
  located(endpoint: Endpoint): void {
    this.#endpoint = endpoint;
    const { username, password, database = 0, socket } = endpoint.client;
    const { options, condition } = this.#client;
    const { host, port, path, tls } = (socket ?? {}) as Record<string, unknown>;
    // Whoever reads the options sees where the client is, but not as whom.
    Object.assign(options, { host, port, path, db: database, tls: tls === true ? {} : undefined });
    if (condition === null) return;
    condition.select = database;
    if (password === undefined) delete condition.auth;
    else condition.auth = username === undefined ? password : [username, password];
  }

  /** While it loads its data Redis answers, but ioredis is not ready. */
  connected(socket: Socket): void {
    const heard = (): void => {
      if (this.#client.status === 'ready') socket.off('data', heard);
      else this.#watch.handshake();
    };
    socket.once('connect', () => socket.on('data', heard));
  }

  async end(): Promise<void> {
    if (!this.#parts.ledger.has(this)) return;
    const ended = this.#ended.promise;
    await this.#client.quit();
    const late = new AbortController();
    await Promise.race([ended, pause(RECONNECT_MAX_MS, late.signal)]);
    late.abort();
    if (this.#client.status !== 'end') this.#client.disconnect();
    this.#left();
  }

  async authenticate({ username = 'default', password = '' }: Credentials): Promise<void> {
    if (this.#client.status === 'ready') await this.#client.call('AUTH', username, password);
  }

  relocate(): void {
    this.#parts.context.locate(this.signal).then(
      ({ node }) => {
        const moved = this.#endpoint !== undefined && node !== this.#endpoint.node;
        if (moved && this.#client.status === 'ready') this.#client.disconnect(true);
      },
      // It is asked again before the next attempt to connect.
      () => undefined,
    );
  }

  #left(): void {
    this.#life.abort();
    this.#watch.stop();
    this.#parts.ledger.leave(this);
    this.#ended.resolve();
  }
}
