import type { Redis } from 'ioredis';
import { pause } from '../connection/backoff.ts';
import type { Credentials } from '../topology/index.ts';
import { CLOSE_TIMEOUT_MS, type LoanParts } from './context.ts';
import type { Loan, LoanConnection } from './ledger.ts';

/** What the entry of an ioredis client knows of it. */
export interface OutClient {
  /** Those that it has now. */
  connections(): readonly Redis[];
  hasEnded(): boolean;
  quit(): Promise<unknown>;
  disconnect(): void;
  relocate(): Promise<void>;
  /** As whom to connect from now on. */
  login(credentials: Credentials): void;
}

/** An ioredis client in the ledger, of one node or of a Cluster. */
export class IORedisEntry implements LoanConnection {
  readonly loan: Loan;
  readonly duplicate: boolean;
  readonly #parts: LoanParts;
  readonly #client: OutClient;
  #ended = Promise.withResolvers<void>();
  #asking: NodeJS.Timeout | undefined;

  constructor(parts: LoanParts, client: OutClient) {
    this.loan = parts.loan;
    this.duplicate = parts.duplicate;
    this.#parts = parts;
    this.#client = client;
  }

  /** It connects. Throws `closed`, `loan-budget` if it was returned and there is no room for it. */
  enter(): void {
    if (this.#parts.ledger.enter(this)) this.#ended = Promise.withResolvers();
    const { silentMs } = this.loan.terms;
    if (silentMs > 0) this.#asking ??= setInterval(() => this.#ask(), silentMs / 2).unref();
  }

  left(): void {
    clearInterval(this.#asking);
    this.#asking = undefined;
    this.#parts.ledger.leave(this);
    this.#ended.resolve();
  }

  async end(): Promise<void> {
    await this.#client.quit();
    if (!this.#client.hasEnded()) this.#client.disconnect();
    await Promise.race([this.#ended.promise, pause(CLOSE_TIMEOUT_MS)]);
    this.left();
  }

  async authenticate(credentials: Credentials): Promise<void> {
    this.#client.login(credentials);
    const { username = 'default', password = '' } = credentials;
    await Promise.all(this.#ready.map((connection) => connection.call('AUTH', username, password)));
  }

  relocate(): Promise<void> {
    return this.#client.relocate();
  }

  get #ready(): Redis[] {
    return this.#client.connections().filter(({ status }) => status === 'ready');
  }

  /** `socketTimeout` sees that nothing comes although something is due; a client that only listens must have asked for it. */
  #ask(): void {
    for (const connection of this.#ready) connection.ping().catch(() => undefined);
  }
}
