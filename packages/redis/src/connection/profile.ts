import type { Risk } from '../commands/risk.ts';
import { RedisManagerError } from '../errors.ts';

/** What a kind of caller wants of a call; never one set of options for all. */
export interface Profile {
  /** How long the call may take in all, in ms. */
  readonly deadlineMs: number;
  /** How long of that it may wait for a connection, in ms. */
  readonly maxWaitMs: number;
  /** Commands up to this risk are sent again although the first attempt may have been applied. */
  readonly retryUpTo: Risk;
  /** Fails at once while the breaker is open. */
  readonly breaker: boolean;
}

/**
 * `request`: somebody waits for an answer, so it fails fast. `worker`: work in the background waits. `critical`: a decision
 * that must not be wrong (is this token revoked?) fails closed, so soon. `cache`: an answer that can be had elsewhere is not waited for.
 */
export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  request: { deadlineMs: 2000, maxWaitMs: 2000, retryUpTo: 'read', breaker: true },
  worker: { deadlineMs: 30_000, maxWaitMs: 30_000, retryUpTo: 'last-write-wins', breaker: false },
  critical: { deadlineMs: 1000, maxWaitMs: 250, retryUpTo: 'read', breaker: false },
  cache: { deadlineMs: 250, maxWaitMs: 0, retryUpTo: 'none', breaker: true },
};

export type ProfileName = 'request' | 'worker' | 'critical' | 'cache';

/** Throws `invalid-options` for a name that no profile has. */
export function profileOf(name: ProfileName): Profile {
  // Of callers without types.
  if (Object.hasOwn(PROFILES, name)) return PROFILES[name];
  throw new RedisManagerError(`Option profile: expected ${Object.keys(PROFILES).join(', ')}`, {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
  });
}
