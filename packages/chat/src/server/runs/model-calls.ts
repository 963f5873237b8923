import { Buffer } from 'node:buffer';
import { pause } from '@taproot/redis';
import type { Chunk, LifecycleEvent, ModelResult } from '../../protocol/index.ts';
import type { ModelAnswer, ModelAttempt } from '../agent.ts';
import { ModelFailure } from './model-failure.ts';
import type { Replay } from './replay.ts';
import type { StepOrder } from './step-order.ts';
import { MAX_STEP_BYTES } from './steps.ts';

export interface ModelCallsOptions {
  readonly order: StepOrder;
  readonly replay: Replay;
  readonly signal: AbortSignal;
  /** Ends the text that is open; resolves when all of it is stored. */
  readonly endText: () => Promise<void>;
  /** Appends an event; resolves when it is stored. */
  readonly append: (event: LifecycleEvent) => Promise<void>;
  /** The `seq` of the newest that is stored. */
  readonly lastSeq: () => number;
}

interface Call {
  readonly callId: string;
  readonly model: string;
}

/** The model calls of one run: what is in the log is returned, and the model is not called. */
export class ModelCalls {
  readonly #options: ModelCallsOptions;

  constructor(options: ModelCallsOptions) {
    this.#options = options;
  }

  async *call(model: string, attempt: ModelAttempt): AsyncGenerator<Chunk, ModelAnswer> {
    const { order, replay, signal } = this.#options;
    signal.throwIfAborted();
    // Without an input: prompts may change with a new release, and a run that began before it goes on.
    const { callId, stepKey } = order.next('model-call', null);
    const logged = replay.answered.get(callId);
    if (logged !== undefined) return logged;
    const close = order.open('model');
    try {
      for (let n = 1; ; n++) {
        const outcome = yield* this.#try({ callId, model }, attempt({ signal, stepKey, attempt: n }));
        if (!('retryInMs' in outcome)) return outcome;
        await pause(outcome.retryInMs, signal);
        signal.throwIfAborted();
      }
    } finally {
      close();
    }
  }

  async *#try(
    call: Call,
    attempt: AsyncGenerator<Chunk, ModelResult>,
  ): AsyncGenerator<Chunk, ModelAnswer | { readonly retryInMs: number }> {
    const { append, endText, lastSeq, signal } = this.#options;
    await endText();
    await append({ type: 'model_calling', ...call });
    const from = lastSeq() + 1;
    try {
      const chunks: Chunk[] = [];
      const result = bounded(yield* kept(attempt, chunks));
      // An owner that lost the run while the model answered must not record its answer.
      signal.throwIfAborted();
      await endText();
      await append({ type: 'model_completed', ...call, ...result });
      return { ...result, chunks };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ModelFailure)) throw error;
      return await this.#failed(call.callId, error, from);
    }
  }

  /** What was said before a failure for good stays, as what is said before any other end of a run. */
  async #failed(
    callId: string,
    failure: ModelFailure,
    from: number,
  ): Promise<{ readonly retryInMs: number }> {
    const { append, endText, lastSeq } = this.#options;
    const { problem, retryInMs } = failure;
    await endText();
    const event = { type: 'model_failed', callId, error: problem } as const;
    if (retryInMs === undefined) {
      await append(event);
      throw failure;
    }
    const to = lastSeq();
    await append({ ...event, retryInMs, ...(to >= from && { supersedes: { from, to } }) });
    return { retryInMs };
  }
}

/** Passes chunks on and keeps them. */
async function* kept(
  source: AsyncGenerator<Chunk, ModelResult>,
  chunks: Chunk[],
): AsyncGenerator<Chunk, ModelResult> {
  for (;;) {
    const next = await source.next();
    if (next.done) return next.value;
    chunks.push(next.value);
    yield next.value;
  }
}

function bounded(result: ModelResult): ModelResult {
  if (Buffer.byteLength(JSON.stringify(result)) <= MAX_STEP_BYTES) return result;
  throw new ModelFailure({ code: 'garbled', message: 'The model asked for more than can be kept' });
}
