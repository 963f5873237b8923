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

/** What an agent gets for one run. */
export interface RunContext {
  readonly thread: string;
  readonly run: string;
  readonly user: User;
  readonly message: { readonly id: string; readonly text: string; readonly parts: readonly MessagePart[] };
  /** Messages of the thread before this one, oldest first. Reads the log when called. */
  history(): Promise<readonly UIMessage[]>;
  readonly signal: AbortSignal;
  /**
   * Runs `fn` once per run and records input and result in the thread's log. After a takeover the recorded result
   * is returned and `fn` is not called again. The result must be JSON. If `fn` throws, the failure is recorded and thrown
   * as a `StepError`.
   */
  step<T>(tool: string, input: unknown, fn: (step: StepContext) => Promise<T>): Promise<T>;
}

/** Answers a user's message by yielding AI SDK text and reasoning chunks; tools run inside `context.step`. */
export interface Agent {
  readonly name: string;
  run(context: RunContext): AsyncIterable<Chunk>;
}
