import { Buffer } from 'node:buffer';
import { type LanguageModelUsage, type TextStreamPart, ToolChoiceViolationError, type ToolSet } from 'ai';
import type { Chunk, ModelResult, ModelToolCall, ModelUsage } from '../protocol/index.ts';
import { ModelFailure } from '../server/index.ts';

export type Part = TextStreamPart<ToolSet>;

export interface AnswerBounds {
  readonly maxAnswerBytes: number;
  readonly maxCalls: number;
}

const MAX_TOOL_NAME_CHARS = 64;
/** What is told of a call that cannot be executed. */
const MAX_INVALID_CHARS = 300;

/** Turns what AI SDK streams of one model call into chunks and, at its end, a result. */
export class AnswerReader {
  readonly #bounds: AnswerBounds;
  readonly #calls: ModelToolCall[] = [];
  #bytes = 0;
  /** It asked for calls when it was told not to. */
  #disobeyed = false;
  #end: Pick<ModelResult, 'finishReason' | 'usage'> | undefined;

  constructor(bounds: AnswerBounds) {
    this.#bounds = bounds;
  }

  /** It is longer than it may be; what comes after that is not read. */
  get full(): boolean {
    return this.#bytes >= this.#bounds.maxAnswerBytes;
  }

  /** Throws what the provider reports as an error. */
  take(part: Part): Chunk | undefined {
    switch (part.type) {
      case 'text-start':
      case 'text-end':
      case 'reasoning-start':
      case 'reasoning-end':
        return { type: part.type, id: part.id, ...metadataOf(part) };
      case 'text-delta':
      case 'reasoning-delta':
        return { type: part.type, id: part.id, delta: this.#within(part.text), ...metadataOf(part) };
      case 'tool-input-delta':
        this.#within(part.delta);
        return undefined;
      case 'tool-call':
        this.#call(part);
        return undefined;
      case 'source':
        return sourceOf(part);
      case 'finish-step':
        this.#finish(part);
        return undefined;
      case 'error':
        this.#disobeyed = ToolChoiceViolationError.isInstance(part.error);
        if (this.#disobeyed) return undefined;
        throw part.error;
      default:
        return undefined;
    }
  }

  /** Calls of an answer that is not whole are none. */
  get result(): ModelResult {
    if (this.full) return { finishReason: 'length', calls: [] };
    if (this.#end === undefined) throw cutOff();
    const { finishReason } = this.#end;
    const whole = finishReason !== 'length' && finishReason !== 'content-filter';
    return { ...this.#end, calls: whole ? this.#calls : [] };
  }

  #within(text: string): string {
    const left = this.#bounds.maxAnswerBytes - this.#bytes;
    const bytes = Buffer.byteLength(text);
    this.#bytes += bytes;
    if (bytes <= left) return text;
    return Buffer.from(text)
      .subarray(0, left)
      .toString('utf8')
      .replace(/\uFFFD$/, '');
  }

  #call(part: Extract<Part, { type: 'tool-call' }>): void {
    const { toolCallId: id, toolName, input, providerMetadata } = part;
    const invalid = this.#calls.length >= this.#bounds.maxCalls ? 'Too many calls at once' : reasonOf(part);
    this.#calls.push({
      id,
      tool: toolName.slice(0, MAX_TOOL_NAME_CHARS),
      input: input ?? null,
      ...(invalid !== undefined && { invalid }),
      ...(providerMetadata && { providerMetadata }),
    });
  }

  #finish({ finishReason, rawFinishReason, usage }: Extract<Part, { type: 'finish-step' }>): void {
    const nothingSaid = finishReason === 'other' && rawFinishReason === undefined;
    const reason = this.#disobeyed ? 'tool-calls' : finishReason;
    if (reason === 'interrupted' || reason === 'error' || nothingSaid) throw cutOff();
    const told = usageOf(usage);
    this.#end = { finishReason: reason, ...(told && { usage: told }) };
  }
}

function cutOff(): Error {
  return new ModelFailure({ code: 'interrupted', message: 'The answer of the model was cut off' });
}

function metadataOf({
  providerMetadata,
}: {
  readonly providerMetadata?: ModelToolCall['providerMetadata'];
}): Pick<ModelToolCall, 'providerMetadata'> {
  return providerMetadata === undefined ? {} : { providerMetadata };
}

function reasonOf(part: Extract<Part, { type: 'tool-call' }>): string | undefined {
  if (part.invalid !== true) return undefined;
  return part.error instanceof Error
    ? part.error.message.slice(0, MAX_INVALID_CHARS)
    : 'The call cannot be read';
}

function sourceOf(source: Extract<Part, { type: 'source' }>): Chunk {
  const { id: sourceId, title } = source;
  return source.sourceType === 'url'
    ? { type: 'source-url', sourceId, url: source.url, ...(title !== undefined && { title }) }
    : { type: 'source-document', sourceId, mediaType: source.mediaType, title: source.title };
}

function usageOf(usage: LanguageModelUsage): ModelUsage | undefined {
  const known = Object.entries({
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    reasoningTokens: usage.outputTokenDetails.reasoningTokens,
    cachedInputTokens: usage.inputTokenDetails.cacheReadTokens,
  }).filter(([, tokens]) => tokens !== undefined && Number.isFinite(tokens));
  return known.length === 0 ? undefined : Object.fromEntries(known);
}
