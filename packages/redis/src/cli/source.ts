import { performance } from 'node:perf_hooks';
import type { RedisArgument } from '../connection/call.ts';
import { Connection } from '../connection/connection.ts';
import { RedisManagerError } from '../errors.ts';
import type { InspectSource } from '../inspect/index.ts';
import { DEFAULT_OPTIONS } from '../options.ts';
import { Locator, type UrlTarget } from '../topology/index.ts';

const NAME = 'taproot:command:inspect';
const CONNECT_TIMEOUT_MS = 3000;
const DEADLINE_MS = 5000;

/**
 * One connection that only reads. Not a manager: that would write its readiness probe and its agreement into a Redis that
 * may be somebody else's, a replica, or open to reading only.
 */
export class ReadingConnection implements InspectSource {
  readonly #connection: Connection;
  readonly #up: Promise<void>;

  constructor(target: UrlTarget) {
    const locator = new Locator(target, {
      tls: undefined,
      credentials: undefined,
      sentinelCredentials: undefined,
      timeoutMs: CONNECT_TIMEOUT_MS,
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#up = promise;
    promise.catch(() => undefined);
    this.#connection = new Connection({
      role: 'command',
      name: NAME,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      maxQueuedCalls: DEFAULT_OPTIONS.maxQueuedCalls,
      maxQueuedBytes: DEFAULT_OPTIONS.maxQueuedBytes,
      locate: (signal) => locator.locate(signal),
      onUp: () => resolve(),
      // Who waits at a terminal wants to know at once; later losses are mended within a call's deadline.
      onDown: reject,
    });
  }

  get node(): string {
    return this.#connection.node;
  }

  start(): void {
    this.#connection.start();
  }

  /** Rejects with the reason if the first attempt fails, or `aborted`. */
  async open(signal: AbortSignal): Promise<void> {
    this.start();
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(aborted());
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([this.#up, promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  call(
    args: readonly RedisArgument[],
    { deadlineMs = DEADLINE_MS, signal, buffers }: Parameters<InspectSource['call']>[1] = {},
  ): Promise<unknown> {
    const deadlineAt = performance.now() + deadlineMs;
    return this.#connection.call(args, { deadlineAt, retryUpTo: 'read', signal, buffers });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

function aborted(): RedisManagerError {
  return new RedisManagerError('The inspection was aborted', {
    code: 'aborted',
    retryable: false,
    applied: 'no',
  });
}
