import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { LifecycleEvent } from '../../protocol/index.ts';
import type { StepContext, StepOptions } from '../agent.ts';
import type { Replay, StepResult } from './replay.ts';
import { RunAborted, StepError } from './step-error.ts';

/** The largest result of a step that is stored, in bytes of JSON. */
export const MAX_STEP_BYTES: number = 256 * 1024;

export interface StepsOptions {
  readonly run: string;
  readonly replay: Replay;
  readonly signal: AbortSignal;
  /** Ends the text that is open: a step is a unit of its own for readers, so that a takeover can drop what follows. */
  readonly endText: () => Promise<void>;
  /** Appends an event; resolves when it is stored. */
  readonly append: (event: LifecycleEvent) => Promise<void>;
  /** Asks the user about a call; resolves when the question is stored. */
  readonly ask: (call: Call) => Promise<void>;
  /** Called when all steps under way wait for the user. Aborts `signal`. */
  readonly suspend: (callIds: readonly string[]) => void;
}

export interface Call {
  readonly tool: string;
  readonly callId: string;
  readonly input: unknown;
}

type Execute = (step: StepContext) => Promise<unknown>;

const DENIED = 'The user did not allow this';
const UNSURE =
  'It was cut off while it was executed, twice or after the user allowed it; whether it had its effect is unknown';

/**
 * The durable steps of one run. A step's key is (tool, ordinal, hash of the input); a result that is in the log is
 * returned and the function is not called. A step that does not match the log ends the run.
 */
export class Steps {
  readonly #options: StepsOptions;
  readonly #ordinals = new Map<string, number>();
  readonly #waiting: string[] = [];
  #told: Promise<unknown> = Promise.resolve();
  /** Steps that are under way, with those that wait. */
  #open = 0;
  #index = 0;
  #left: number;

  constructor(options: StepsOptions) {
    this.#options = options;
    const { completed, asked } = options.replay;
    this.#left = new Set([...completed.keys(), ...asked.keys()]).size;
  }

  /** Until every logged result and question was used, the agent only repeats what readers have. */
  get replaying(): boolean {
    return this.#left > 0;
  }

  async step<T>(tool: string, input: unknown, fn: Execute, options: StepOptions = {}): Promise<T> {
    const { replay, signal } = this.#options;
    signal.throwIfAborted();
    const stepKey = this.#key(tool, input);
    const callId = createHash('sha256').update(stepKey).digest('base64url').slice(0, 20);
    const expected = replay.started[this.#index++];
    if (expected !== undefined && expected !== callId) {
      throw new RunAborted(
        'nondeterministic',
        `The step ${tool} does not match the one that the log has at its place`,
      );
    }
    const logged = replay.completed.get(callId);
    if (logged !== undefined || replay.asked.has(callId)) this.#left--;
    if (logged !== undefined) return resultOf<T>(logged);
    this.#open++;
    try {
      const call = { tool, callId, input: input ?? null };
      return resultOf<T>(await this.#perform(call, () => fn({ signal, stepKey }), options));
    } finally {
      this.#open--;
      this.#suspendIfIdle();
    }
  }

  async #perform(call: Call, fn: () => Promise<unknown>, options: StepOptions): Promise<StepResult> {
    const { signal, append, ask } = this.#options;
    const verdict = this.#verdict(call.callId, options);
    if (verdict === 'ask') await this.#begin(() => ask(call));
    if (verdict === 'ask' || verdict === 'wait') return this.#wait(call.callId);
    if (verdict !== 'execute') return this.#record(call, { error: verdict });
    await this.#begin(() => append({ type: 'tool_executing', ...call }));
    signal.throwIfAborted();
    const outcome = await settle(fn);
    // An owner that lost the run while the tool worked must not record its result.
    signal.throwIfAborted();
    return this.#record(call, outcome);
  }

  /** Whether a call is executed, or why not. */
  #verdict(callId: string, options: StepOptions): 'execute' | 'ask' | 'wait' | typeof DENIED | typeof UNSURE {
    const { idempotent = true, needsApproval = false } = options;
    const { asked, executing } = this.#options.replay;
    const answer = asked.get(callId);
    const cut = !idempotent && executing.has(callId);
    if (answer === 'denied') return DENIED;
    if (asked.has(callId) && answer === undefined) return 'wait';
    if (cut) return answer === undefined ? 'ask' : UNSURE;
    return needsApproval && answer === undefined ? 'ask' : 'execute';
  }

  /** Steps that start side by side are told in the order of their calls, in which a replay meets them. */
  async #begin(write: () => Promise<void>): Promise<void> {
    const told = this.#told.then(async () => {
      await this.#options.endText();
      return { stored: write() };
    });
    this.#told = told.catch(() => undefined);
    await (await told).stored;
  }

  async #record({ tool, callId }: Call, outcome: Outcome): Promise<StepResult> {
    const result: StepResult = { type: 'tool_completed', tool, callId, ...outcome };
    await this.#options.append(result);
    return result;
  }

  /** Never resolves: the answer continues the run in another execution. */
  #wait(callId: string): Promise<never> {
    const { signal } = this.#options;
    const { promise, reject } = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
    this.#waiting.push(callId);
    this.#suspendIfIdle();
    return promise;
  }

  /** Not at once: what the agent does beside the waiting steps, or after one that has just ended, starts first. */
  #suspendIfIdle(): void {
    if (this.#waiting.length === 0) return;
    setImmediate(() => {
      const { signal, suspend } = this.#options;
      if (this.#open === this.#waiting.length && !signal.aborted) suspend(this.#waiting);
    });
  }

  #key(tool: string, input: unknown): string {
    const hash = createHash('sha256')
      .update(JSON.stringify(input ?? null))
      .digest('base64url');
    const kind = `${tool}:${hash}`;
    const ordinal = (this.#ordinals.get(kind) ?? 0) + 1;
    this.#ordinals.set(kind, ordinal);
    return `${this.#options.run}:${tool}:${ordinal}:${hash.slice(0, 22)}`;
  }
}

type Outcome = { readonly output: unknown } | { readonly error: string };

async function settle(fn: () => Promise<unknown>): Promise<Outcome> {
  try {
    const output = (await fn()) ?? null;
    const bytes = Buffer.byteLength(JSON.stringify(output));
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
