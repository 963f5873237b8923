import { RedisManagerError } from '../errors.ts';

export function closedError(): RedisManagerError {
  const details = { code: 'closed', retryable: false, applied: 'no' } as const;
  return new RedisManagerError('The cache is closed', details);
}

export function abortedError(cause: unknown): RedisManagerError {
  const details = { code: 'aborted', retryable: false, applied: 'no', cause } as const;
  return new RedisManagerError('The call was aborted by its caller', details);
}

export function lateError(timeoutMs: number): RedisManagerError {
  const details = { code: 'timeout', retryable: true, applied: 'no' } as const;
  return new RedisManagerError(`The factory did not give a value within ${timeoutMs} ms`, details);
}

export function tooLargeError(bytes: number, maxBytes: number): RedisManagerError {
  const message = `The value has ${bytes} bytes, and at most ${maxBytes} are stored`;
  return new RedisManagerError(message, { code: 'too-large', retryable: false, applied: 'no' });
}
