import type { Endpoint } from '../topology/index.ts';
import type { LoanDriver } from './options.ts';

/** What a loan needs of its manager. */
export interface LoanContext {
  /** First part of each connection's name in CLIENT LIST. */
  readonly app: string;
  /** How long one attempt to open a socket may take, in ms. @default 2000 */
  readonly connectTimeoutMs?: number;
  /** Where to connect now; asked before each connection is made. Rejects with an error that is not `retryable` when it is of no use to ask again. */
  locate(signal: AbortSignal): Promise<Endpoint>;
  /** Whether the manager is closing or closed: then no loan connects any more. */
  isClosed(): boolean;
  /**
   * Resolves when the deployment serves commands. node-redis itself takes a server for ready that is still loading its
   * data, so its loans finish their handshake only then. @default at once
   */
  serving?(signal: AbortSignal): Promise<void>;
  /** Hears each error of a loan's connection; the library's own listeners hear it as well. */
  onError?(error: unknown, loan: { readonly driver: LoanDriver; readonly owner: string }): void;
}

export const DEFAULT_CONNECT_TIMEOUT_MS = 2000;
