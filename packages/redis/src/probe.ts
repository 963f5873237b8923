import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Connection } from './connection/connection.ts';
import { RedisManagerError } from './errors.ts';
import { type Check, type Checks, NOT_PROBED } from './health.ts';
import type { ChannelListener } from './subscriptions.ts';

export interface ProbeResult {
  readonly checks: Checks;
  /** First error among the checks, the most telling one first: connect, write, read. */
  readonly error?: RedisManagerError;
}

/** What a probe writes to and publishes on. */
export interface ProbePlace {
  /** Of the key and of the channel. */
  readonly name: string;
  readonly publish: 'PUBLISH' | 'SPUBLISH';
}

export interface ProbeOptions {
  readonly command: Connection;
  /** Undefined: there is nothing to probe here. May be another one each time. */
  readonly place: () => ProbePlace | undefined;
  /** The place was at another node: the next one has to be elsewhere. */
  readonly misplaced?: () => void;
  readonly subscribe: (place: ProbePlace, listener: ChannelListener) => () => Promise<void>;
}

const MAX_PLACES = 3;

/** A name of its own for each manager: what one writes says nothing about the others. */
export function probeName(app: string): string {
  return `taproot:probe:${app}:${randomUUID()}`;
}

/** A server is ready if a write, a read and a published message all come through. */
export class Probe {
  readonly #options: ProbeOptions;
  #heard: { readonly name: string; readonly active: Promise<void>; off(): Promise<void> } | undefined;
  #arrived: ((nonce: string) => void) | undefined;

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  start(): void {
    const place = this.#options.place();
    if (place !== undefined) this.#listen(place);
  }

  async stop(): Promise<void> {
    await this.#heard?.off();
    this.#heard = undefined;
  }

  async run(timeoutMs: number): Promise<ProbeResult> {
    const start = performance.now();
    if (this.#options.command.client === undefined) {
      const down: Check = { ok: false, error: 'not connected' };
      return { checks: { connect: down, write: down, read: down, pubsub: down } };
    }
    for (let places = 1; ; places++) {
      const place = this.#options.place();
      if (place === undefined) return { checks: NOT_PROBED };
      const result = await this.#probe(place, start, start + timeoutMs);
      if (result.error?.code !== 'moved' || places === MAX_PLACES) return result;
      this.#options.misplaced?.();
    }
  }

  async #probe(place: ProbePlace, start: number, deadlineAt: number): Promise<ProbeResult> {
    const nonce = randomUUID();
    // It looks at what is there, and takes no place from calls that wait.
    const limits = { deadlineAt, connectBy: start, once: true };
    const send = (...args: string[]): Promise<unknown> => this.#options.command.call(args, limits);
    const written = send('SET', place.name, nonce, 'PX', '60000');
    // A read of its own, so that a server that refuses writes is told from one that does not answer.
    const [write, read, pubsub] = await Promise.all([
      check(start, written),
      check(start, send('GET', place.name)),
      check(start, this.#roundTrip(place, nonce, deadlineAt, { send, written })),
    ]);
    const connect: Check = read.error?.code === 'timeout' ? { ok: false, error: 'no answer' } : { ok: true };
    const error = write.error ?? read.error ?? pubsub.error;
    return {
      checks: { connect, write: write.check, read: read.check, pubsub: pubsub.check },
      ...(error && { error }),
    };
  }

  /** Resolves when the place has been heard for the first time. */
  #listen(place: ProbePlace): Promise<void> {
    if (this.#heard?.name === place.name) return this.#heard.active;
    void this.#heard?.off();
    const { promise: active, resolve } = Promise.withResolvers<void>();
    const message = (nonce: string): void => this.#arrived?.(nonce);
    const off = this.#options.subscribe(place, { message, active: resolve });
    this.#heard = { name: place.name, active, off };
    return active;
  }

  /** Published by the command connection, received by the subscriber. */
  async #roundTrip(
    place: ProbePlace,
    nonce: string,
    deadlineAt: number,
    { send, written }: { send(...args: string[]): Promise<unknown>; readonly written: Promise<unknown> },
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
    // Nobody confirms a subscription at the wrong node.
    written.catch((error: RedisManagerError) => error.code === 'moved' && reject(error));
    try {
      await Promise.race([this.#listen(place), promise]);
      await Promise.all([promise, send(place.publish, place.name, nonce)]);
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
