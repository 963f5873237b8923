import type { LanguageModel, streamText } from 'ai';
import type { Agent, RunContext } from '../server/index.ts';
import { modelAttempt } from './model-attempt.ts';
import { type ModelLimits, resolveModelLimits } from './model-limits.ts';
import { executeCall, type ModelTool } from './model-tool.ts';
import { type Exchange, Prompt } from './prompt.ts';

/** Options of {@link modelAgent}. */
export interface ModelAgentOptions {
  /** Any language model of AI SDK 7. */
  readonly model: LanguageModel;
  /** Name of the agent in the log. @default 'model' */
  readonly name?: string;
  /** What the model is told before the conversation. @default none */
  readonly instructions?: string | ((context: RunContext) => string);
  /** What it may do, by name. @default {} */
  readonly tools?: Readonly<Record<string, ModelTool>>;
  /** Other limits than {@link DEFAULT_MODEL_LIMITS}. @default {} */
  readonly limits?: Partial<ModelLimits>;
  /** Texts that are never shown, also not to the operator, such as the key of the provider. @default [] */
  readonly secrets?: readonly string[];
  /** Passed on to the provider. @default none */
  readonly providerOptions?: NonNullable<Parameters<typeof streamText>[0]['providerOptions']>;
}

/**
 * An agent that lets a language model answer, with tools over several steps. Each model call and each tool call is a
 * durable step. Throws `invalid-options`.
 */
export function modelAgent(options: ModelAgentOptions): Agent {
  const { model, name = 'model', tools = {}, instructions } = options;
  const limits = resolveModelLimits(options.limits);
  const modelName = typeof model === 'string' ? model : model.modelId;
  return {
    name,
    async *run(context) {
      const system = typeof instructions === 'function' ? instructions(context) : instructions;
      const prompt = await Prompt.of(await context.history(), context.message.text, limits);
      const exchanges: Exchange[] = [];
      for (let step = 1; ; step++) {
        const last = step >= limits.maxSteps;
        const attempt = modelAttempt(options, limits, { system, last, messages: prompt.after(exchanges) });
        const answer = yield* context.modelCall(modelName, attempt);
        if (last || answer.calls.length === 0) return;
        const outcomes = await Promise.all(answer.calls.map((call) => executeCall(context, tools, call)));
        exchanges.push({ answer, outcomes });
      }
    },
  };
}
