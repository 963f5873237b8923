import { RedisManagerError } from '../errors.ts';

/** `invalid-options`: what was expected and what arrived. */
export function invalidOption(what: string, expected: string, got: string): RedisManagerError {
  return new RedisManagerError(`${what}: expected ${expected}, got ${got}`, {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
  });
}
