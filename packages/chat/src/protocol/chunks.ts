import type { Chunk, LifecycleEvent, LogEvent, RunError, RunOutcome } from './events.ts';
import type { ChatChunk, LifecycleData, RunMetadata } from './messages.ts';
import type { ModelEvent } from './model.ts';
import { OpenStep } from './open-step.ts';
import { sumUsage } from './usage.ts';

/** What the mapper needs of an event; an `event` frame is one. */
export interface RunEvent {
  readonly seq: number;
  readonly run?: string;
  readonly at?: number;
  readonly data: LogEvent | readonly Chunk[];
}

/**
 * Takes the events of one run, in order, and returns the chunks of its message (PROTOCOL.md §9.4). What it returns
 * never makes AI SDK throw, also if the first events are missing.
 */
export type RunMapper = (event: RunEvent) => ChatChunk[];

/**
 * One mapper for one run. The server's history and the client's transport use the same, so a message reads the same
 * live and reloaded.
 */
export function createRunMapper(): RunMapper {
  const mapper = new MessageOfRun();
  return (event) => mapper.take(event);
}

class MessageOfRun {
  #started = false;
  #ended = false;
  #agent: string | undefined;
  #resumptions = 0;
  readonly #denied = new Set<string>();
  /** The user has answered: what goes on then is no interruption. */
  #answered = false;
  #step: OpenStep | undefined;
  #model: Pick<RunMetadata, 'model' | 'usage' | 'finishReason'> = {};

  take(event: RunEvent): ChatChunk[] {
    if (this.#ended || event.run === undefined) return [];
    const chunks = isBatch(event.data)
      ? event.data.flatMap((chunk) => this.#content(event.seq, chunk))
      : this.#one(event, event.data);
    if (this.#started || chunks.length === 0) return chunks;
    this.#started = true;
    return [
      { type: 'start', messageId: event.run, messageMetadata: metadata({ run: event.run, at: event.at }) },
      ...chunks,
    ];
  }

  #one(event: RunEvent, data: LogEvent): ChatChunk[] {
    switch (data.type) {
      case 'user-message':
      case 'run-requested':
        return [];
      case 'agent_started':
        this.#agent = data.agent;
        return [this.#lifecycle('started')];
      case 'agent_thinking':
        return [this.#lifecycle('thinking')];
      case 'tool_executing':
        return this.#executing(event.seq, data);
      case 'tool_waiting':
        return [...this.#waiting(event.seq, data), this.#lifecycle('waiting')];
      case 'tool_answered':
        return [...this.#answer(event.seq, data), this.#lifecycle('thinking')];
      case 'tool_completed':
        return this.#completed(event.seq, data);
      case 'model_calling':
        return [this.#lifecycle('thinking')];
      case 'model_failed':
        return this.#modelFailed(data);
      case 'model_completed':
        return this.#modelCompleted(data);
      case 'agent_completed':
        return [this.#lifecycle('completed')];
      case 'run-resumed':
        return this.#resumed(data);
      case 'run-ended':
        return this.#end(event, data.outcome, data.error);
      default:
        return this.#content(event.seq, data);
    }
  }

  #executing(seq: number, data: Extract<LifecycleEvent, { type: 'tool_executing' }>): ChatChunk[] {
    const { callId, tool, input } = data;
    const { opening, step } = this.#open();
    const chunk: ChatChunk = {
      type: 'tool-input-available',
      toolCallId: callId,
      toolName: tool,
      input,
      dynamic: true,
    };
    return [...opening, ...step.callStarted(seq, callId, chunk)];
  }

  /** AI SDK's approval has the id of its call. */
  #waiting(seq: number, data: Extract<LifecycleEvent, { type: 'tool_waiting' }>): ChatChunk[] {
    const { callId, tool, input, expiresAt } = data;
    const called = this.#executing(seq, { type: 'tool_executing', tool, callId, input });
    const request: ChatChunk = {
      type: 'tool-approval-request',
      approvalId: callId,
      toolCallId: callId,
      approvalDescriptor: { expiresAt },
    };
    return [...called, ...(this.#step?.callChanged(seq, callId, request) ?? [])];
  }

  #answer(seq: number, data: Extract<LifecycleEvent, { type: 'tool_answered' }>): ChatChunk[] {
    const { callId, approve } = data;
    this.#answered = true;
    if (!approve) this.#denied.add(callId);
    const response: ChatChunk = { type: 'tool-approval-response', approvalId: callId, approved: approve };
    return this.#step?.callChanged(seq, callId, response) ?? [];
  }

  #completed(seq: number, data: Extract<LifecycleEvent, { type: 'tool_completed' }>): ChatChunk[] {
    const step = this.#step;
    if (!step?.hasCall(data.callId)) return [];
    const chunks = step.callCompleted(seq, data.callId, this.#result(data));
    return step.settled ? [...chunks, ...this.#finishStep()] : chunks;
  }

  #result({ callId, output, error }: Extract<LifecycleEvent, { type: 'tool_completed' }>): ChatChunk {
    const call = { toolCallId: callId, dynamic: true };
    if (this.#denied.has(callId)) return { type: 'tool-output-denied', toolCallId: callId };
    return error === undefined
      ? { type: 'tool-output-available', output, ...call }
      : { type: 'tool-output-error', errorText: error, ...call };
  }

  #modelFailed({ error, retryInMs, supersedes }: Extract<ModelEvent, { type: 'model_failed' }>): ChatChunk[] {
    const chunks = this.#supersede(supersedes);
    const problem = retryInMs === undefined ? {} : { problem: { ...error, retryInMs } };
    return [...chunks, this.#lifecycle('thinking', problem)];
  }

  /** The calls that it asks for belong to its step. */
  #modelCompleted(data: Extract<ModelEvent, { type: 'model_completed' }>): ChatChunk[] {
    const { model, usage, finishReason, calls } = data;
    const sum = sumUsage(this.#model.usage, usage);
    this.#model = { model, finishReason, ...(sum && { usage: sum }) };
    const chunk: ChatChunk = { type: 'message-metadata', messageMetadata: this.#model };
    return calls.length === 0 && this.#step?.settled ? [...this.#finishStep(), chunk] : [chunk];
  }

  #content(seq: number, chunk: Chunk): ChatChunk[] {
    const { opening, step } = this.#open();
    const chunks = step.content(seq, chunk);
    // A lone delta without its start opens nothing.
    if (chunks.length === 0 && opening.length > 0) this.#step = undefined;
    return chunks.length === 0 ? [] : [...opening, ...chunks];
  }

  /** Void text can only be in the open step: a step ends with a recorded result, and what has one is never run again. */
  #resumed(data: Extract<LifecycleEvent, { type: 'run-resumed' }>): ChatChunk[] {
    const interrupted = !this.#answered;
    this.#answered = false;
    if (interrupted) this.#resumptions++;
    if (!this.#started) return [];
    const chunks = this.#supersede(data.supersedes);
    return interrupted ? [...chunks, this.#lifecycle('resumed')] : chunks;
  }

  #supersede(range: { readonly from: number; readonly to: number } | undefined): ChatChunk[] {
    return range && this.#step ? this.#step.supersede(range.from, range.to) : [];
  }

  /** Never an `error` chunk: that would leave `useChat` in the status `error`, although the thread can go on. */
  #end(event: RunEvent, outcome: RunOutcome, error: RunError | undefined): ChatChunk[] {
    this.#ended = true;
    const finishReason = outcome === 'done' || outcome === 'stopped' ? 'stop' : 'error';
    const messageMetadata = metadata({ run: event.run, outcome, at: event.at, ...this.#model });
    return [
      ...(this.#step?.close() ?? []),
      ...this.#finishStep(),
      this.#lifecycle('ended', error === undefined ? { outcome } : { outcome, error }),
      { type: 'finish', finishReason, messageMetadata },
    ];
  }

  #open(): { opening: ChatChunk[]; step: OpenStep } {
    if (this.#step) return { opening: [], step: this.#step };
    this.#step = new OpenStep();
    return { opening: [{ type: 'start-step' }], step: this.#step };
  }

  #finishStep(): ChatChunk[] {
    if (!this.#step) return [];
    this.#step = undefined;
    return [{ type: 'finish-step' }];
  }

  /** One id for all, so that each replaces the one before; it is first in the message, where no reset reaches it. */
  #lifecycle(state: LifecycleData['state'], more: Partial<LifecycleData> = {}): ChatChunk {
    const agent = this.#agent === undefined ? {} : { agent: this.#agent };
    const resumed = this.#resumptions === 0 ? {} : { resumed: this.#resumptions };
    return { type: 'data-lifecycle', id: 'lifecycle', data: { state, ...agent, ...resumed, ...more } };
  }
}

function isBatch(data: RunEvent['data']): data is readonly Chunk[] {
  return Array.isArray(data);
}

function metadata(fields: { readonly [K in keyof RunMetadata]: RunMetadata[K] | undefined }): RunMetadata {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
