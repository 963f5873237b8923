import { fullJitter } from '@taproot/redis';
import { type ModelMessage, streamText, type ToolSet, tool } from 'ai';
import { type ModelAttempt, ModelFailure } from '../server/index.ts';
import { AnswerReader, type Part } from './answer-reader.ts';
import { type Diagnosis, diagnose } from './diagnosis.ts';
import type { ModelAgentOptions } from './model-agent.ts';
import type { ModelLimits } from './model-limits.ts';
import type { ModelTool } from './model-tool.ts';
import { timed } from './timed.ts';

/** What a model is asked. */
export interface Question {
  readonly system: string | undefined;
  readonly messages: readonly ModelMessage[];
  /** It has to answer with what it knows by now. */
  readonly last: boolean;
}

const BACKOFF = { minMs: 500, maxMs: 8000 } as const;

/** Calls the model once, within all bounds; the request is aborted as soon as nobody waits for its answer any more. */
export function modelAttempt(
  options: ModelAgentOptions,
  limits: ModelLimits,
  question: Question,
): ModelAttempt {
  return async function* ({ signal, attempt }) {
    const request = new AbortController();
    const reader = new AnswerReader(limits);
    try {
      const parts = ask(options, limits, question, AbortSignal.any([signal, request.signal]));
      for await (const part of timed(parts, { ...limits, counts: isSent })) {
        const chunk = reader.take(part);
        if (chunk !== undefined) yield chunk;
        if (reader.full) break;
      }
      signal.throwIfAborted();
      return question.last ? { ...reader.result, calls: [] } : reader.result;
    } catch (error) {
      signal.throwIfAborted();
      throw failureOf(diagnose(error, options.secrets ?? []), attempt, limits);
    } finally {
      request.abort();
    }
  };
}

function ask(
  { model, tools = {}, providerOptions }: ModelAgentOptions,
  { maxOutputTokens }: ModelLimits,
  { system, messages, last }: Question,
  abortSignal: AbortSignal,
): AsyncIterable<Part> {
  const offered = Object.keys(tools).length > 0;
  return streamText({
    model,
    ...(system !== undefined && { instructions: system }),
    messages: [...messages],
    ...(offered && { tools: toolSet(tools), toolChoice: last ? ('none' as const) : ('auto' as const) }),
    ...(maxOutputTokens > 0 && { maxOutputTokens }),
    ...(providerOptions && { providerOptions }),
    // Retries are told in the log, so they are ours.
    maxRetries: 0,
    abortSignal,
    // Errors are parts of the stream as well.
    onError: () => undefined,
  }).stream;
}

/** Without their functions: calls are executed as steps of the run. */
function toolSet(tools: Readonly<Record<string, ModelTool>>): ToolSet {
  return Object.fromEntries(
    Object.entries(tools).map(([name, { description, inputSchema }]) => [
      name,
      tool({ description, inputSchema }),
    ]),
  );
}

/** These come from AI SDK itself, before the provider has said anything. */
function isSent(part: Part): boolean {
  return part.type !== 'start' && part.type !== 'start-step';
}

function failureOf(
  { problem, passing, retryAfterMs, detail }: Diagnosis,
  attempt: number,
  { maxRetries, maxRetryAfterMs }: ModelLimits,
): ModelFailure {
  const bearable = retryAfterMs === undefined || retryAfterMs <= maxRetryAfterMs;
  const again = passing && bearable && attempt <= maxRetries;
  const retryInMs = retryAfterMs ?? Math.ceil(fullJitter(attempt, BACKOFF.minMs, BACKOFF.maxMs));
  return new ModelFailure(problem, { detail, ...(again && { retryInMs }) });
}
