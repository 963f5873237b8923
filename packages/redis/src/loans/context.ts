import type { Address, Endpoint } from '../topology/index.ts';
import type { Ledger, Loan } from './ledger.ts';

/** What loans need of their manager. */
export interface LoanContext {
  /** First part of each connection's name in CLIENT LIST. */
  readonly app: string;
  /** Clients that may be lent at a time, duplicates included. */
  readonly maxLoans: number;
  /** How long one attempt to open a socket may take, in ms. */
  readonly connectTimeoutMs: number;
  /** Where to connect now; asked before each connection is made. Not for a Cluster. */
  locate(signal: AbortSignal): Promise<Endpoint>;
  /** Of a Cluster; undefined where there is one node. */
  readonly cluster: ClusterContext | undefined;
}

export interface ClusterContext {
  /** Nodes to ask for the others. */
  readonly seeds: readonly Address[];
  /** How to connect to one of the nodes, with the credentials of now. */
  endpointAt(address: Address, signal: AbortSignal): Promise<Endpoint>;
}

/** All that a lent client is made of. */
export interface LoanParts {
  readonly loan: Loan;
  readonly ledger: Ledger;
  readonly context: LoanContext;
  /** Where to connect first; of a Cluster, one of its seeds. */
  readonly endpoint: Endpoint;
  /** The library's, without those that are the manager's. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Made by the library, by `duplicate()`. */
  readonly duplicate: boolean;
}

export const RECONNECT_MIN_MS = 20;
export const RECONNECT_MAX_MS = 500;
/** How long closing a lent client may wait for what is in flight. */
export const CLOSE_TIMEOUT_MS = 1000;

/** The name of a loan's connections in CLIENT LIST. */
export function nameOf({ context, loan }: LoanParts): string {
  return `${context.app}:loan:${loan.terms.owner}`;
}
