import type { RedisRole } from '../errors.ts';

/** What the calls of a connection are doing now. */
export interface CallLoad {
  /** Calls without an outcome yet, those that wait included. */
  readonly open: number;
  /** Calls that wait for a connection, or for their next attempt. */
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly breakerOpen: boolean;
}

/** What a connection is doing now. */
export interface ConnectionLoad extends CallLoad {
  readonly role: RedisRole;
  /** Where it leads, without credentials. */
  readonly node: string;
  readonly connected: boolean;
  /** How often it was made since the manager started. */
  readonly made: number;
}
