import { createHash } from 'node:crypto';
import type { StepContext } from '../agent.ts';
import type { Appender } from './appender.ts';
import type { Replay, StepResult } from './replay.ts';
import { RunAborted, StepError } from './step-error.ts';

/** The largest result of a step that is stored, in bytes of JSON. */
export const MAX_STEP_BYTES: number = 256 * 1024;

/**
 * The durable steps of one run. A step's key is (tool, ordinal, hash of the input); a result that is in the log is
 * returned and the function is not called. A step that does not match the log ends the run.
 */
export class Steps {
  readonly #run: string;
  readonly #appender: Appender;
  readonly #replay: Replay;
  readonly #signal: AbortSignal;
  readonly #ordinals = new Map<string, number>();
  #index = 0;
  #left: number;

  constructor(run: string, appender: Appender, replay: Replay, signal: AbortSignal) {
    this.#run = run;
    this.#appender = appender;
    this.#replay = replay;
    this.#signal = signal;
    this.#left = replay.completed.size;
  }

  /** Until every logged result was used, the agent only repeats what readers have. */
  get replaying(): boolean {
    return this.#left > 0;
  }

  async step<T>(tool: string, input: unknown, fn: (step: StepContext) => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    const stepKey = this.#key(tool, input);
    const callId = createHash('sha256').update(stepKey).digest('base64url').slice(0, 20);
    const expected = this.#replay.started[this.#index++];
    if (expected !== undefined && expected !== callId) {
      throw new RunAborted(
        'nondeterministic',
        `The step ${tool} does not match the one that the log has at its place`,
      );
    }
    const logged = this.#replay.completed.get(callId);
    if (logged !== undefined) {
      this.#left--;
      return resultOf<T>(logged);
    }
    await this.#appender.event({ type: 'tool_executing', tool, callId, input: input ?? null });
    this.#signal.throwIfAborted();
    return resultOf<T>(await this.#execute(tool, callId, () => fn({ signal: this.#signal, stepKey })));
  }

  async #execute(tool: string, callId: string, fn: () => Promise<unknown>): Promise<StepResult> {
    const outcome = await settle(fn);
    // An owner that lost the run while the tool worked must not record its result.
    this.#signal.throwIfAborted();
    const result: StepResult = { type: 'tool_completed', tool, callId, ...outcome };
    await this.#appender.event(result);
    return result;
  }

  #key(tool: string, input: unknown): string {
    const hash = createHash('sha256')
      .update(JSON.stringify(input ?? null))
      .digest('base64url');
    const kind = `${tool}:${hash}`;
    const ordinal = (this.#ordinals.get(kind) ?? 0) + 1;
    this.#ordinals.set(kind, ordinal);
    return `${this.#run}:${tool}:${ordinal}:${hash.slice(0, 22)}`;
  }
}

async function settle(fn: () => Promise<unknown>): Promise<{ output: unknown } | { error: string }> {
  try {
    const output = (await fn()) ?? null;
    const bytes = JSON.stringify(output).length;
    if (bytes > MAX_STEP_BYTES) return { error: `The result is too large to keep (${bytes} bytes of JSON)` };
    return { output };
  } catch (error) {
    // The tool's own words are for its agent; what they may quote of connections and keys is the tool's to leave out.
    return { error: error instanceof Error ? error.message.slice(0, 500) : 'The tool failed' };
  }
}

function resultOf<T>(result: StepResult): T {
  if (result.error !== undefined) throw new StepError(result.tool, result.error);
  return result.output as T;
}
