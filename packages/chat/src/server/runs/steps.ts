import { Buffer } from 'node:buffer';
import type { LifecycleEvent } from '../../protocol/index.ts';
import type { StepContext, StepOptions } from '../agent.ts';
import type { Replay, StepResult } from './replay.ts';
import { StepError } from './step-error.ts';
import type { StepOrder } from './step-order.ts';

/** The largest result of a step that is stored, in bytes of JSON. */
export const MAX_STEP_BYTES: number = 256 * 1024;

export interface StepsOptions {
  readonly order: StepOrder;
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

/** The durable steps of one run: a result that is in the log is returned and the function is not called. */
export class Steps {
  readonly #options: StepsOptions;
  readonly #waiting: string[] = [];
  #told: Promise<unknown> = Promise.resolve();

  constructor(options: StepsOptions) {
    this.#options = options;
  }

  async step<T>(tool: string, input: unknown, fn: Execute, options: StepOptions = {}): Promise<T> {
    const { order, replay, signal } = this.#options;
    signal.throwIfAborted();
    const { stepKey, callId } = order.next(tool, input);
    const logged = replay.completed.get(callId);
    if (logged !== undefined) return resultOf<T>(logged);
    const close = order.open('steps');
    try {
      const call = { tool, callId, input: input ?? null };
      return resultOf<T>(await this.#perform(call, () => fn({ signal, stepKey }), options));
    } finally {
      close();
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
      const { order, signal, suspend } = this.#options;
      if (order.underWay === this.#waiting.length && !signal.aborted) suspend(this.#waiting);
    });
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
