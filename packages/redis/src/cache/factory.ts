import { lateError } from './errors.ts';

/** What a factory is told. */
export interface FactoryContext {
  readonly key: string;
  /** Aborts when nobody waits for the value any more, it takes longer than `factoryTimeoutMs`, or the cache is closed. */
  readonly signal: AbortSignal;
}

/** Makes the value of a key; `undefined`: there is none. */
export type Factory<Value> = (context: FactoryContext) => Value | undefined | Promise<Value | undefined>;

/** Runs a factory. Rejects as it does; `timeout` after `timeoutMs`, and the signal's reason, although the factory goes on. */
export async function runFactory<Value>(
  factory: Factory<Value>,
  { key, signal }: FactoryContext,
  timeoutMs: number,
): Promise<Value | undefined> {
  const own = new AbortController();
  const stopped = Promise.withResolvers<never>();
  const stop = (reason: unknown): void => {
    own.abort(reason);
    stopped.reject(reason);
  };
  const onAbort = (): void => stop(signal.reason);
  const timer = setTimeout(() => stop(lateError(timeoutMs)), timeoutMs);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([factory({ key, signal: own.signal }), stopped.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
