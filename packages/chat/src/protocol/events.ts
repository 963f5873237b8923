import type { UIMessageChunk } from 'ai';

/** A part of a user's message. */
export interface MessagePart {
  readonly type: 'text';
  readonly text: string;
}

/** How a run ended (PROTOCOL.md, "Runs"). */
export type RunOutcome = 'done' | 'error' | 'stopped' | 'orphaned';

/** Why a run ended in `error` or `orphaned`. */
export interface RunError {
  readonly code: 'agent' | 'deadline' | 'queue-deadline' | 'nondeterministic' | 'max-takeovers';
  readonly message: string;
}

/** Events of a run's life, stored as they are (PROTOCOL.md, "Events"). */
export type LifecycleEvent =
  | { readonly type: 'user-message'; readonly id: string; readonly parts: readonly MessagePart[] }
  | { readonly type: 'agent_started'; readonly agent: string }
  | { readonly type: 'agent_thinking' }
  | {
      readonly type: 'tool_executing';
      readonly tool: string;
      readonly callId: string;
      readonly input: unknown;
    }
  | {
      readonly type: 'tool_completed';
      readonly tool: string;
      readonly callId: string;
      readonly output?: unknown;
      /** Set instead of `output` when the tool failed; the agent goes on with it. */
      readonly error?: string;
    }
  | { readonly type: 'agent_completed' }
  | {
      readonly type: 'run-resumed';
      readonly fence: number;
      readonly supersedes?: { readonly from: number; readonly to: number };
    }
  | { readonly type: 'run-ended'; readonly outcome: RunOutcome; readonly error?: RunError };

/** The chunks of AI SDK 7 that an agent may yield; tool and step chunks are derived from lifecycle events. */
export type Chunk = Extract<
  UIMessageChunk,
  {
    type:
      | 'text-start'
      | 'text-delta'
      | 'text-end'
      | 'reasoning-start'
      | 'reasoning-delta'
      | 'reasoning-end'
      | 'source-url'
      | 'source-document';
  }
>;

/** One object of `event.data`. Chunks that were appended together travel as an array. */
export type LogEvent = LifecycleEvent | Chunk;
