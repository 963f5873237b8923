import { performance } from 'node:perf_hooks';
import { ModelFailure } from '../server/index.ts';
import type { ModelLimits } from './model-limits.ts';

export interface TimedOptions<T> extends Pick<ModelLimits, 'firstByteMs' | 'silenceMs' | 'answerMs'> {
  /** Whether the provider sent it. */
  readonly counts: (item: T) => boolean;
}

/** Passes on what a provider sends, and fails when it takes too long. Only the time spent on waiting for it counts. */
export async function* timed<T>(source: AsyncIterable<T>, options: TimedOptions<T>): AsyncGenerator<T> {
  const { firstByteMs, silenceMs, answerMs, counts } = options;
  const iterator = source[Symbol.asyncIterator]();
  let left = answerMs;
  let patience = firstByteMs;
  try {
    for (;;) {
      const from = performance.now();
      const item = await within(iterator.next(), Math.min(left, patience));
      left -= performance.now() - from;
      if (item.done) return;
      if (counts(item.value)) patience = silenceMs;
      yield item.value;
    }
  } finally {
    // Not awaited: what hangs must not hold the run.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new ModelFailure(
        { code: 'timeout', message: 'The model took too long' },
        { detail: `${Math.round(ms)} ms` },
      ),
    );
  }, ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
