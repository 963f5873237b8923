import type { ProviderMetadata } from 'ai';

/** Tokens of model calls, as far as the provider tells them. */
export interface ModelUsage {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Of the output. */
  readonly reasoningTokens?: number;
  /** Of the input. */
  readonly cachedInputTokens?: number;
}

/** Why a model call failed (PROTOCOL.md §10.5). */
export interface ModelProblem {
  readonly code:
    | 'rate-limited'
    | 'unavailable'
    | 'unreachable'
    | 'timeout'
    | 'interrupted'
    | 'garbled'
    | 'unauthorized'
    | 'refused';
  /** For people; never the provider's own words. */
  readonly message: string;
  /** Of the provider's HTTP answer. */
  readonly status?: number;
}

/** A tool call as the model asked for it; it is executed, and told, as `tool_executing`. */
export interface ModelToolCall {
  /** The provider's own id. */
  readonly id: string;
  readonly tool: string;
  readonly input: unknown;
  /** Why it cannot be executed: there is no such tool, or its input is none. */
  readonly invalid?: string;
  /** What the provider wants back with the call. */
  readonly providerMetadata?: ProviderMetadata;
}

/** The end of a model call. */
export interface ModelResult {
  readonly finishReason: 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'other';
  readonly usage?: ModelUsage;
  readonly calls: readonly ModelToolCall[];
}

/** What the log tells of model calls (PROTOCOL.md §9.1). */
export type ModelEvent =
  | { readonly type: 'model_calling'; readonly callId: string; readonly model: string }
  | {
      readonly type: 'model_failed';
      readonly callId: string;
      readonly error: ModelProblem;
      /** It is called again after so many ms; absent: not any more. */
      readonly retryInMs?: number;
      /** What the model had said in this attempt: void. */
      readonly supersedes?: { readonly from: number; readonly to: number };
    }
  | ({ readonly type: 'model_completed'; readonly callId: string; readonly model: string } & ModelResult);
