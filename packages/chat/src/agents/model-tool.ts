import type { FlexibleSchema } from 'ai';
import type { ModelToolCall } from '../protocol/index.ts';
import { type RunContext, type StepContext, StepError, type StepOptions } from '../server/index.ts';

/** What a tool's function gets beside its input. */
export interface ToolContext extends StepContext, Pick<RunContext, 'thread' | 'run' | 'user'> {}

/** Something that a model may do. Each call is a durable step. */
export interface ModelTool<Input = unknown> extends StepOptions {
  /** For the model: what it does and when to use it. */
  readonly description: string;
  /** Zod or JSON schema of its input. A call whose input does not fit is refused and told to the model. */
  readonly inputSchema: FlexibleSchema<Input>;
  /**
   * Returns JSON. What it throws is told to the model, and is in the log: its words must not hold secrets. Who may use it
   * is checked here, by `context.user`, where no prompt reaches.
   */
  execute(input: Input, context: ToolContext): Promise<unknown>;
}

/** Infers the type of a tool's input from its schema. */
export function modelTool<Input>(tool: ModelTool<Input>): ModelTool {
  return tool as ModelTool;
}

/** A call's end, as the model is told. */
export type ToolOutcome = { readonly output: unknown } | { readonly error: string };

class InvalidCall extends Error {
  readonly code = 'invalid-call';
}

/** Executes a call as a step of the run. A call that is invalid is a step that fails. */
export async function executeCall(
  context: RunContext,
  tools: Readonly<Record<string, ModelTool>>,
  { tool: name, input, invalid }: ModelToolCall,
): Promise<ToolOutcome> {
  const { thread, run, user } = context;
  const tool = Object.hasOwn(tools, name) ? tools[name] : undefined;
  const why = invalid ?? (tool === undefined ? 'There is no such tool' : undefined);
  const work = async (step: StepContext): Promise<unknown> => {
    if (tool === undefined || why !== undefined) throw new InvalidCall(why);
    return tool.execute(input, { ...step, thread, run, user });
  };
  const { idempotent = true, needsApproval = false } = tool ?? {};
  try {
    const options = why === undefined ? { idempotent, needsApproval } : {};
    return { output: await context.step(name, input, work, options) };
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof StepError) return { error: error.message };
    throw error;
  }
}
