import type { UIMessage, UIMessageChunk } from 'ai';
import type { RunError, RunOutcome } from './events.ts';
import type { ModelProblem, ModelResult, ModelUsage } from './model.ts';

/** Where a run is in its life, as shown in the one `data-lifecycle` part of its message. */
export interface LifecycleData {
  readonly state: 'started' | 'thinking' | 'waiting' | 'resumed' | 'completed' | 'ended';
  /** Name of the agent; absent if the run ended before one started. */
  readonly agent?: string;
  /** How often another worker went on with the run after its own was lost; absent if never. */
  readonly resumed?: number;
  /** Set when `state` is `ended`. */
  readonly outcome?: RunOutcome;
  readonly error?: RunError;
  /** What is wrong with the model, while it is waited to be called again in `retryInMs`. */
  readonly problem?: ModelProblem & { readonly retryInMs: number };
}

/** Metadata of a message (PROTOCOL.md §3.5, §9.4); a user message has `run` and `at`. */
export interface RunMetadata {
  readonly run?: string;
  /** When the run started, once it ended: when it ended. Milliseconds since 1970, by the clock of Redis. */
  readonly at?: number;
  /** Absent while the run goes on. */
  readonly outcome?: RunOutcome;
  /** `true`: the answer was too long to be kept whole when its events were trimmed. */
  readonly cut?: boolean;
  /** The model that answered, if one did. */
  readonly model?: string;
  /** Of all model calls of the run that were answered. */
  readonly usage?: ModelUsage;
  /** Of the last of them. */
  readonly finishReason?: ModelResult['finishReason'];
}

// A type, not an interface: AI SDK wants an index signature here.
export type ChatData = { lifecycle: LifecycleData };

/** A message of a thread. An assistant message's id is its run's id, a user message's the `id` of `send`. */
export type ChatMessage = UIMessage<RunMetadata, ChatData>;

/** A chunk of a run's message, as AI SDK's `useChat` reads it. */
export type ChatChunk = UIMessageChunk<RunMetadata, ChatData>;
