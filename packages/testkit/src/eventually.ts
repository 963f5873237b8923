import { TestkitError } from './errors.ts';

export interface EventuallyOptions {
  /** @default 10_000 */
  readonly timeoutMs?: number;
  /** @default 25 */
  readonly everyMs?: number;
  /** Says what was waited for, before the assertion's last failure. */
  readonly message?: string;
}

/** Waits until an assertion holds, and gives its result. Rejects with the assertion's last failure. */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 25, message }: EventuallyOptions = {},
): Promise<T> {
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await within(endsAt - performance.now(), timeoutMs, assertion);
    } catch (error) {
      if (performance.now() >= endsAt) throw message === undefined ? error : named(message, error);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** An assertion that never settles must not make the wait endless. */
async function within<T>(leftMs: number, timeoutMs: number, assertion: () => T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const give = (): void => reject(new TestkitError('not-true', `still undecided after ${timeoutMs} ms`));
    timer = setTimeout(give, Math.max(0, leftMs));
  });
  try {
    return await Promise.race([assertion(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function named(message: string, error: unknown): TestkitError {
  const reason = error instanceof Error ? error.message : String(error);
  return new TestkitError('not-true', `${message}: ${reason}`, error);
}
