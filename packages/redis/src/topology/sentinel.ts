import type { RedisClientOptions } from 'redis';
import { RedisManagerError } from '../errors.ts';
import { ask } from './ask.ts';
import type { Address, Credentials } from './target.ts';
import type { TlsOptions } from './tls.ts';

export interface SentinelOptions {
  readonly sentinels: readonly Address[];
  readonly master: string;
  readonly tls: TlsOptions | undefined;
  readonly credentials: Credentials;
  readonly timeoutMs: number;
}

/**
 * Asks the sentinels one after the other who the master is; the one that answered comes first the next time.
 * A connection each time and no subscription: it is asked only when a connection to the master is to be made (Redis, "Sentinel clients").
 */
export class Sentinels {
  readonly #options: SentinelOptions;
  #order: readonly Address[];

  constructor(options: SentinelOptions) {
    this.#options = options;
    this.#order = options.sentinels;
  }

  async master(signal: AbortSignal): Promise<Address> {
    let known = false;
    for (const sentinel of this.#order) {
      if (signal.aborted) break;
      const reply = await this.#ask(sentinel, signal);
      known ||= reply !== undefined;
      if (!Array.isArray(reply)) continue;
      const [host, port] = reply as [string, string];
      this.#order = [sentinel, ...this.#order.filter((other) => other !== sentinel)];
      return { host, port: Number(port) };
    }
    const { master, sentinels } = this.#options;
    const asked = sentinels.map(({ host, port }) => `${host}:${port}`).join(', ');
    throw new RedisManagerError(
      known
        ? `The sentinels at ${asked} know no master ${master}`
        : `None of the sentinels answers: ${asked}`,
      { code: 'connection-lost', retryable: true, applied: 'no' },
    );
  }

  /** Undefined if it does not answer; null if it does not know the master. */
  async #ask({ host, port }: Address, signal: AbortSignal): Promise<unknown> {
    const { master, tls, credentials, timeoutMs } = this.#options;
    const client = { ...credentials, socket: { host, port, ...(tls && { tls: true as const, ...tls }) } };
    try {
      const question = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master];
      const [reply] = await ask({
        client: client as RedisClientOptions,
        questions: [question],
        timeoutMs,
        signal,
      });
      return reply;
    } catch {
      // The next sentinel may answer; if none does, that is told.
      return undefined;
    }
  }
}
