import { pause } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import type { CredentialsProvider } from './locator.ts';
import type { Credentials } from './target.ts';

/** Longer than any service that gives credentials takes. */
const PROVIDER_MS = 30_000;

/**
 * Asks for credentials. Rejects `credentials` if the provider fails, does not answer within half a minute, or does not end with
 * the signal: nobody who closes waits for it.
 */
export async function askProvider(provider: CredentialsProvider, signal: AbortSignal): Promise<Credentials> {
  const done = new AbortController();
  const late = pause(PROVIDER_MS, AbortSignal.any([done.signal, signal])).then(() => {
    throw failed('The provider of the credentials did not answer');
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([provider(signal), late]);
  } catch (cause) {
    if (cause instanceof RedisManagerError) throw cause;
    throw failed('The credentials could not be had from their provider', cause);
  } finally {
    done.abort();
  }
}

function failed(message: string, cause?: unknown): RedisManagerError {
  return new RedisManagerError(message, { code: 'credentials', retryable: true, applied: 'no', cause });
}
