import { RedisManagerError } from './errors.ts';

/** A feature's number after its check. Throws `invalid-options` unless it is finite and between `min` and `max`. */
export function numberOption(
  name: string,
  value: number,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isFinite(value) && value >= min && value <= max) return value;
  const expected =
    max === Number.MAX_SAFE_INTEGER ? `a number of at least ${min}` : `a number from ${min} to ${max}`;
  throw new RedisManagerError(`Option ${name}: expected ${expected}, got ${String(value)}`, {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
  });
}
