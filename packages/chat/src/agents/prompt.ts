import { Buffer } from 'node:buffer';
import {
  type AssistantContent,
  convertToModelMessages,
  type ModelMessage,
  pruneMessages,
  type ToolContent,
  type UIMessage,
} from 'ai';
import type { Chunk, ModelToolCall } from '../protocol/index.ts';
import type { ModelAnswer } from '../server/index.ts';
import type { ModelLimits } from './model-limits.ts';
import type { ToolOutcome } from './model-tool.ts';

/** One model call of this run that asked for tools, and what came of them. */
export interface Exchange {
  readonly answer: ModelAnswer;
  readonly outcomes: readonly ToolOutcome[];
}

type Bounds = Pick<ModelLimits, 'maxPromptBytes' | 'maxResultBytes'>;

/** However many results there are, so much of each is told. */
const MIN_RESULT_BYTES = 256;

/** What a model is given: the question and what this run did, and as many whole turns before it as fit, newest first. */
export class Prompt {
  readonly #bounds: Bounds;
  readonly #turns: readonly ModelMessage[][];
  readonly #question: ModelMessage;

  private constructor(turns: readonly ModelMessage[][], question: string, bounds: Bounds) {
    this.#turns = turns;
    this.#question = { role: 'user', content: question };
    this.#bounds = bounds;
  }

  static async of(history: readonly UIMessage[], question: string, bounds: Bounds): Promise<Prompt> {
    const turns = await Promise.all(turnsOf(history).map((turn) => converted(turn)));
    return new Prompt(turns, question, bounds);
  }

  after(exchanges: readonly Exchange[]): ModelMessage[] {
    const { maxPromptBytes, maxResultBytes } = this.#bounds;
    const results = exchanges.flatMap(({ outcomes }) => outcomes).length;
    const share = Math.max(MIN_RESULT_BYTES, Math.floor(maxPromptBytes / 2 / Math.max(1, results)));
    const own = exchanges.flatMap((exchange) => messagesOf(exchange));
    const run = [this.#question, ...withShortResults(own, Math.min(maxResultBytes, share))];
    return [...this.#before(maxPromptBytes - bytesOf(run)), ...run];
  }

  #before(maxBytes: number): ModelMessage[] {
    const fitting: ModelMessage[][] = [];
    let left = maxBytes;
    for (const turn of this.#turns.toReversed()) {
      const whole = withShortResults(turn, this.#bounds.maxResultBytes);
      const words = pruneMessages({ messages: turn, toolCalls: 'all' });
      const told = [whole, words].find((messages) => bytesOf(messages) <= left);
      if (told === undefined) break;
      left -= bytesOf(told);
      fitting.unshift(told);
    }
    return fitting.flat();
  }
}

function bytesOf(messages: readonly ModelMessage[]): number {
  return Buffer.byteLength(JSON.stringify(messages));
}

function turnsOf(history: readonly UIMessage[]): UIMessage[][] {
  const turns: UIMessage[][] = [];
  for (const message of history) {
    const turn = turns.at(-1);
    if (message.role === 'user' || turn === undefined) turns.push([message]);
    else turn.push(message);
  }
  // A conversation begins with the user; an answer whose question is gone says little.
  return turns.filter(([first]) => first?.role === 'user');
}

/** Providers want only the reasoning of the run that goes on. */
async function converted(turn: readonly UIMessage[]): Promise<ModelMessage[]> {
  const messages = await convertToModelMessages(turn.map(settled), { ignoreIncompleteToolCalls: true });
  return pruneMessages({ messages, reasoning: 'all' });
}

/** Questions to the user that were answered are of no use to a model; it is told what came of the calls. */
function settled(message: UIMessage): UIMessage {
  const parts = message.parts.map((part) => {
    if (part.type !== 'dynamic-tool' || part.approval === undefined) return part;
    const { approval: _, ...rest } = part;
    return rest as typeof part;
  });
  return { ...message, parts };
}

function messagesOf({ answer, outcomes }: Exchange): ModelMessage[] {
  const calls = answer.calls.map(
    (call): AssistantPart => ({
      type: 'tool-call',
      toolCallId: call.id,
      toolName: call.tool,
      input: inputOf(call),
      ...(call.providerMetadata && { providerOptions: call.providerMetadata }),
    }),
  );
  return [
    { role: 'assistant', content: [...spoken(answer.chunks), ...calls] },
    { role: 'tool', content: answer.calls.map((call, index) => resultOf(call, outcomes[index])) },
  ];
}

type AssistantPart = Exclude<AssistantContent, string>[number];

/** Some providers take nothing but an object, so an input that is none is told with the failure alone. */
function inputOf({ input, invalid }: ModelToolCall): unknown {
  return invalid !== undefined && (typeof input !== 'object' || input === null) ? {} : input;
}

function resultOf({ id, tool }: ModelToolCall, outcome: ToolOutcome | undefined): ToolContent[number] {
  const call = { type: 'tool-result', toolCallId: id, toolName: tool } as const;
  if (outcome === undefined) return { ...call, output: { type: 'error-text', value: 'It was not executed' } };
  return 'error' in outcome
    ? { ...call, output: { type: 'error-text', value: outcome.error } }
    : { ...call, output: { type: 'text', value: asText(outcome.output ?? null) } };
}

/** Text and reasoning of one model call, with what the provider wants back of it. */
function spoken(chunks: readonly Chunk[]): AssistantPart[] {
  const parts: (Extract<AssistantPart, { type: 'text' | 'reasoning' }> & { text: string })[] = [];
  const open = new Map<string, number>();
  for (const chunk of chunks) {
    if (chunk.type === 'source-url' || chunk.type === 'source-document') continue;
    const [type = 'text', what] = chunk.type.split('-') as ['text' | 'reasoning', string];
    if (what === 'start' || !open.has(`${type} ${chunk.id}`)) {
      open.set(`${type} ${chunk.id}`, parts.length);
      parts.push({ type, text: '' });
    }
    const index = open.get(`${type} ${chunk.id}`) ?? 0;
    const part = parts[index];
    if (part === undefined) continue;
    const providerOptions = chunk.providerMetadata ?? part.providerOptions;
    const text = 'delta' in chunk ? part.text + chunk.delta : part.text;
    parts[index] = { ...part, text, ...(providerOptions && { providerOptions }) };
  }
  return parts.filter(({ text, providerOptions }) => text !== '' || providerOptions !== undefined);
}

function withShortResults(messages: readonly ModelMessage[], maxBytes: number): ModelMessage[] {
  return messages.map((message) => {
    if (message.role !== 'tool') return message;
    const content = message.content.map((part) =>
      part.type === 'tool-result' ? { ...part, output: short(part.output, maxBytes) } : part,
    );
    return { ...message, content };
  });
}

type Output = Extract<ToolContent[number], { type: 'tool-result' }>['output'];

function short(output: Output, maxBytes: number): Output {
  const bytes = Buffer.from('value' in output ? asText(output.value) : '');
  if (bytes.length <= maxBytes) return output;
  // A character that is cut in two becomes a mark of its own.
  const head = bytes.subarray(0, maxBytes).toString('utf8');
  return { type: 'text', value: `${head}… [the first ${maxBytes} of ${bytes.length} bytes]` };
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
