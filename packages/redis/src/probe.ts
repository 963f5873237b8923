import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Connection } from './connection/connection.ts';
import { RedisManagerError } from './errors.ts';
import type { Check, Checks } from './health.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface ProbeResult {
  readonly checks: Checks;
  /** First error among the checks, the most telling one first: connect, write, read. */
  readonly error?: RedisManagerError;
}

/** A deployment is ready if a write, a read and a published message all come through. */
export class Probe {
  readonly #command: Connection;
  readonly #key: string;
  readonly #channel: string;
  readonly #subscriptions: Subscriptions;
  #arrived: ((nonce: string) => void) | undefined;
  #unsubscribe: (() => Promise<void>) | undefined;

  constructor(command: Connection, subscriptions: Subscriptions, app: string) {
    this.#command = command;
    this.#subscriptions = subscriptions;
    const id = randomUUID();
    this.#key = `${app}:probe:${id}`;
    this.#channel = `${app}:probe:${id}`;
  }

  start(): void {
    this.#unsubscribe = this.#subscriptions.add(this.#channel, {
      message: (nonce) => this.#arrived?.(nonce),
    });
  }

  async stop(): Promise<void> {
    await this.#unsubscribe?.();
  }

  async run(timeoutMs: number): Promise<ProbeResult> {
    const start = performance.now();
    if (this.#command.client === undefined) {
      const down: Check = { ok: false, error: 'not connected' };
      return { checks: { connect: down, write: down, read: down, pubsub: down } };
    }
    const nonce = randomUUID();
    const deadlineAt = start + timeoutMs;
    const send = (...args: string[]): Promise<unknown> => this.#command.call(args, { deadlineAt });
    // A read of its own, so that a server that refuses writes is told from one that does not answer.
    const [write, read, pubsub] = await Promise.all([
      check(start, send('SET', this.#key, nonce, 'PX', '60000')),
      check(start, send('GET', this.#key)),
      check(start, this.#roundTrip(nonce, deadlineAt, send)),
    ]);
    const connect: Check = read.error?.code === 'timeout' ? { ok: false, error: 'no answer' } : { ok: true };
    const error = write.error ?? read.error ?? pubsub.error;
    return {
      checks: { connect, write: write.check, read: read.check, pubsub: pubsub.check },
      ...(error && { error }),
    };
  }

  /** Published by the command connection, received by the subscriber. */
  async #roundTrip(
    nonce: string,
    deadlineAt: number,
    send: (...args: string[]) => Promise<unknown>,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = (): void =>
      reject(
        new RedisManagerError('A published message did not arrive', {
          code: 'timeout',
          retryable: true,
          applied: 'unknown',
          role: 'subscriber',
        }),
      );
    // After what the sockets hold was read, so that a process that was held up does not take itself for deaf.
    const timer = setTimeout(() => setImmediate(late), Math.max(0, deadlineAt - performance.now()));
    this.#arrived = (got) => got === nonce && resolve();
    try {
      await Promise.all([promise, send('PUBLISH', this.#channel, nonce)]);
    } finally {
      clearTimeout(timer);
      promise.catch(() => undefined);
    }
  }
}

async function check(
  start: number,
  work: Promise<unknown>,
): Promise<{ check: Check; error?: RedisManagerError }> {
  try {
    await work;
    return { check: { ok: true, ms: Math.round((performance.now() - start) * 10) / 10 } };
  } catch (error) {
    if (!(error instanceof RedisManagerError)) throw error;
    return { check: { ok: false, error: error.message }, error };
  }
}
