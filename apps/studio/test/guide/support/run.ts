import { type Agent, type RunContext, StepError, type User } from '@taproot/chat/server';

export const OPERATOR: User = { id: 'u-operator', name: 'Olga', operator: true };
export const VISITOR: User = { id: 'u-visitor', name: 'Vera', operator: false };

/** A step as the log keeps it. */
export interface RecordedStep {
  readonly tool: string;
  readonly input: unknown;
  readonly output?: unknown;
  readonly error?: string;
}

export interface Answer {
  readonly text: string;
  readonly steps: readonly RecordedStep[];
  readonly chunks: readonly { readonly type: string; readonly id?: string }[];
}

export interface AskOptions {
  readonly user?: User;
  readonly signal?: AbortSignal;
  /** Steps of a former owner: returned instead of being executed. */
  readonly recorded?: readonly RecordedStep[];
}

/** Runs the agent once. Results go through JSON, as they do on their way through the log. */
export async function ask(agent: Agent, text: string, options: AskOptions = {}): Promise<Answer> {
  const { user = OPERATOR, recorded = [], signal = new AbortController().signal } = options;
  const steps: RecordedStep[] = [];
  const context: RunContext = {
    thread: 't-test',
    run: 'r-test',
    user,
    message: { id: 'm-1', text, parts: [{ type: 'text', text }] },
    history: async () => [],
    signal,
    async step<T>(
      tool: string,
      input: unknown,
      fn: (step: { signal: AbortSignal; stepKey: string }) => Promise<T>,
    ) {
      const step =
        recorded[steps.length] ?? (await execute(tool, input, () => fn({ signal, stepKey: `${tool}:1` })));
      signal.throwIfAborted();
      steps.push(step);
      if (step.error !== undefined) throw new StepError(tool, step.error);
      return step.output as T;
    },
    modelCall: () => {
      throw new StepError('model', 'The guide calls no model');
    },
  };
  let answer = '';
  const chunks: Answer['chunks'][number][] = [];
  for await (const chunk of agent.run(context)) {
    chunks.push(chunk);
    if (chunk.type === 'text-delta') answer += chunk.delta;
  }
  return { text: answer, steps, chunks };
}

async function execute(tool: string, input: unknown, fn: () => Promise<unknown>): Promise<RecordedStep> {
  try {
    return { tool, input, output: JSON.parse(JSON.stringify(await fn())) };
  } catch (error) {
    return { tool, input, error: error instanceof Error ? error.message : String(error) };
  }
}
