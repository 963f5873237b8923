import type { RedisManagerError, RedisRole } from '../errors.ts';
import type { Call, CallHome } from './call.ts';
import type { RedisClient } from './driver.ts';

/** The connection as its calls see it. */
export interface Link {
  readonly role: RedisRole;
  readonly node: string;
  /** Undefined while there is no connection. */
  readonly client: RedisClient | undefined;
  /** The node was chosen as a master, so a read-only reply means that it is none any more. */
  readonly master: boolean;
  /** Undefined: calls stay here. */
  readonly placement: Placement | undefined;
  drop(reason: string): void;
  error(
    message: string,
    code: RedisManagerError['code'],
    retryable: boolean,
    applied: RedisManagerError['applied'],
  ): RedisManagerError;
  closedError(): RedisManagerError;
}

/** Says where a call belongs, on a Cluster. */
export interface Placement {
  /** Undefined: it stays where it is. */
  homeOf(call: Call): CallHome | undefined;
  /** Takes note of a failure. In how many ms the call is to go elsewhere; undefined if the failure sends it nowhere. */
  redirected(call: Call, error: RedisManagerError, cause: unknown): number | undefined;
}
