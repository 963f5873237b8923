import type { UIMessage } from 'ai';
import type { Chunk, MessagePart } from '../protocol/index.ts';

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
}

/** Answers a user's message by yielding AI SDK text and reasoning chunks; tools run inside `context.step`. */
export interface Agent {
  readonly name: string;
  run(context: RunContext): AsyncIterable<Chunk>;
}
