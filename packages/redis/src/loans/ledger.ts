import { RedisManagerError } from '../errors.ts';
import type { Credentials } from '../topology/index.ts';
import type { LoanDriver, Terms } from './options.ts';

/** One loan: what `lend()` was asked for. Its connections are the lent client's and its duplicates'. */
export interface Loan {
  readonly driver: LoanDriver;
  readonly terms: Terms;
  readonly since: Date;
}

/** A client that is out: one connection, or those to the nodes of a Cluster. */
export interface LoanConnection {
  readonly loan: Loan;
  /** Made by the library, by `duplicate()`. */
  readonly duplicate: boolean;
  /** Ends it, waiting a second at most for commands in flight; never rejects. */
  end(): Promise<void>;
  /** Makes its live connections known under new credentials. */
  authenticate(credentials: Credentials): Promise<void>;
  /** Redis may be elsewhere by now. */
  relocate(): Promise<void>;
}

/** What is known of a loan. */
export interface LoanInfo {
  readonly driver: LoanDriver;
  readonly owner: string;
  readonly purpose: string;
  readonly since: Date;
  /** Whether the lent client itself is still out. */
  readonly open: boolean;
  /** Duplicates that are out. */
  readonly duplicates: number;
}

/** Which clients are out, and how many may be. */
export class Ledger {
  readonly #max: number;
  readonly #out = new Set<LoanConnection>();
  #closed = false;
  #refused = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#out.size;
  }

  get max(): number {
    return this.#max;
  }

  /** How often one more was refused. */
  get refused(): number {
    return this.#refused;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get connections(): readonly LoanConnection[] {
    return [...this.#out];
  }

  has(connection: LoanConnection): boolean {
    return this.#out.has(connection);
  }

  /** Throws `closed`, `loan-budget` if no more may go out. */
  requireRoom(): void {
    if (this.#closed)
      throw new RedisManagerError('The Redis manager is closed: it lends nothing any more', {
        code: 'closed',
        retryable: false,
        applied: 'no',
      });
    if (this.#out.size < this.#max) return;
    this.#refused++;
    const owners = this.list().map(
      ({ owner, purpose, open, duplicates }) => `${owner} ${Number(open) + duplicates} (${purpose})`,
    );
    throw new RedisManagerError(
      `All ${this.#max} clients that may be lent are out: ${owners.join(', ')}. Raise maxLoans, or close what is not used`,
      { code: 'loan-budget', retryable: true, applied: 'no' },
    );
  }

  /** Throws as {@link requireRoom}. False if it was out already. */
  enter(connection: LoanConnection): boolean {
    if (this.#out.has(connection)) return false;
    this.requireRoom();
    this.#out.add(connection);
    return true;
  }

  /** It is closed: it counts no more. Idempotent. */
  leave(connection: LoanConnection): void {
    this.#out.delete(connection);
  }

  list(): readonly LoanInfo[] {
    const loans = new Map<Loan, LoanInfo>();
    for (const { loan, duplicate } of this.#out) {
      const { driver, terms, since } = loan;
      const { owner, purpose } = terms;
      const info = loans.get(loan) ?? { driver, owner, purpose, since, open: false, duplicates: 0 };
      loans.set(loan, {
        ...info,
        open: info.open || !duplicate,
        duplicates: info.duplicates + Number(duplicate),
      });
    }
    return [...loans.values()];
  }

  close(): void {
    this.#closed = true;
  }
}
