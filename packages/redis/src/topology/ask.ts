import type { RedisClientOptions } from 'redis';
import { pause } from '../connection/backoff.ts';
import { driverClient, endDriverClient } from '../connection/driver.ts';
import { RedisManagerError } from '../errors.ts';

export interface Question {
  readonly client: RedisClientOptions;
  /** Commands, sent together. */
  readonly questions: readonly (readonly string[])[];
  /** For connecting and all answers. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Asks a server over a connection that is made for it and ended after it. Rejects with what the driver throws, or `timeout`. */
export async function ask({ client: options, questions, timeoutMs, signal }: Question): Promise<unknown[]> {
  const client = driverClient({
    ...options,
    socket: { ...options.socket, connectTimeout: timeoutMs, reconnectStrategy: false },
    disableClientInfo: true,
  } as RedisClientOptions);
  client.on('error', () => undefined);
  const done = new AbortController();
  try {
    const late = pause(timeoutMs, AbortSignal.any([done.signal, signal])).then(() => {
      throw noAnswer(timeoutMs);
    });
    late.catch(() => undefined);
    const asked = client
      .connect()
      .then(() => Promise.all(questions.map((question) => client.sendCommand([...question]))));
    asked.catch(() => undefined);
    return await Promise.race([asked, late]);
  } finally {
    done.abort();
    endDriverClient(client);
  }
}

function noAnswer(timeoutMs: number): RedisManagerError {
  return new RedisManagerError(`No answer within ${timeoutMs} ms`, {
    code: 'timeout',
    retryable: true,
    applied: 'no',
  });
}
