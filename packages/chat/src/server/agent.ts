import type { UIMessage } from 'ai';
import type { Chunk, MessagePart, ModelResult } from '../protocol/index.ts';

/** Who asks. */
export interface User {
  readonly id: string;
  readonly name: string;
  /** May see the system itself: connections, keyspaces, slow log. */
  readonly operator: boolean;
}

/** What a durable step's function gets. */
export interface StepContext {
  /** Aborted when the run is stopped, loses its lease or passes its deadline. */
  readonly signal: AbortSignal;
  /** Stable over takeovers: give it to the outside world as an idempotency key. */
  readonly stepKey: string;
}

/** How a step may be executed. */
export interface StepOptions {
  /**
   * `false`: if the step was cut off between its effect and its record, the user is asked before it is executed again;
   * if that attempt is cut off too, it fails. @default true
   */
  readonly idempotent?: boolean;
  /** The user is asked before the step is executed. A step that is not allowed fails with a `StepError`. @default false */
  readonly needsApproval?: boolean;
}

/** What a model said: its text and reasoning as chunks, and the end of the call. */
export interface ModelAnswer extends ModelResult {
  readonly chunks: readonly Chunk[];
}

/** What one attempt at a model call gets. */
export interface AttemptContext extends StepContext {
  /** 1, 2, 3, … */
  readonly attempt: number;
}

/**
 * Calls a model once: yields its text and reasoning, and returns how the call ended. Throws a `ModelFailure` for what is
 * wrong with the model or the way to it.
 */
export type ModelAttempt = (attempt: AttemptContext) => AsyncGenerator<Chunk, ModelResult>;

/** What an agent gets for one run. */
export interface RunContext {
  readonly thread: string;
  readonly run: string;
  readonly user: User;
  readonly message: { readonly id: string; readonly text: string; readonly parts: readonly MessagePart[] };
  /**
   * Messages of the thread before this one, oldest first: the newest 200, or as many as come from 4 MiB of the log.
   * Reads the log when called.
   */
  history(): Promise<readonly UIMessage[]>;
  readonly signal: AbortSignal;
  /**
   * Runs `fn` once per run and records input and result in the thread's log. After a takeover the recorded result
   * is returned and `fn` is not called again. The result must be JSON. If `fn` throws, the failure is recorded and thrown
   * as a `StepError`. A step that waits for the user ends this execution by `signal`: after the answer, by any worker,
   * the agent runs again from its beginning.
   */
  step<T>(
    tool: string,
    input: unknown,
    fn: (step: StepContext) => Promise<T>,
    options?: StepOptions,
  ): Promise<T>;
  /**
   * Makes a model call once per run, to be used as `yield* context.modelCall(…)`. Its chunks are logged as they come, its
   * end is recorded, and after a takeover what is recorded is returned, without another call; a call that was cut off is
   * made again, and what it had said is void. So is what an attempt had said that failed with a `ModelFailure` with
   * `retryInMs`: the failure is told in the log, and the next attempt follows after that time. Without `retryInMs` the
   * failure is thrown, and ends the run as `error` with the code `model` unless the agent catches it. No other step of
   * the run may be under way meanwhile.
   */
  modelCall(model: string, attempt: ModelAttempt): AsyncGenerator<Chunk, ModelAnswer>;
}

/** Answers a user's message by yielding AI SDK text and reasoning chunks; tools run inside `context.step`. */
export interface Agent {
  readonly name: string;
  run(context: RunContext): AsyncIterable<Chunk>;
}
