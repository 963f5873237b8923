import type { RedisArgument } from '../connection/call.ts';
import { RedisManagerError } from '../errors.ts';

/** Redis ends a connection over which a longer argument comes (`proto-max-bulk-len`). */
const MAX_ARGUMENT_BYTES = 2 ** 29;

/**
 * Throws `invalid-options` for what is no command, `too-large` for what would end the connection. Redis does not answer an empty
 * command, so that every later caller would get the reply of the one before; and of what the driver cannot write, the connection
 * would end for all.
 */
export function requireSendable(args: readonly RedisArgument[]): void {
  // Of callers without types.
  if (!Array.isArray(args) || args.length === 0)
    throw refused('A command is a list that begins with its name', 'invalid-options');
  for (const arg of args) {
    if (typeof arg !== 'string' && !Buffer.isBuffer(arg))
      throw refused(`An argument is a string or a Buffer, not ${kindOf(arg)}`, 'invalid-options');
    // The length is looked at first: counting the bytes of a string costs.
    if (arg.length > MAX_ARGUMENT_BYTES / 3 && Buffer.byteLength(arg) > MAX_ARGUMENT_BYTES)
      throw refused('An argument has more than 512 MB, which Redis does not take', 'too-large');
  }
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

function refused(message: string, code: 'invalid-options' | 'too-large'): RedisManagerError {
  return new RedisManagerError(message, { code, retryable: false, applied: 'no' });
}
