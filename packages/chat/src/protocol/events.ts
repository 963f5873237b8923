import type { UIMessageChunk } from 'ai';
import type { ModelEvent } from './model.ts';

/** A part of a user's message. */
export interface MessagePart {
  readonly type: 'text';
  readonly text: string;
}

/** How a run ended (PROTOCOL.md, "Runs"). */
export type RunOutcome = 'done' | 'error' | 'stopped' | 'orphaned';

/** Why a run ended in `error` or `orphaned`. */
export interface RunError {
  readonly code:
    | 'agent'
    | 'model'
    | 'deadline'
    | 'queue-deadline'
    | 'unanswered'
    | 'nondeterministic'
    | 'max-takeovers'
    | 'lost';
  readonly message: string;
}

/** Events of a run's life, stored as they are (PROTOCOL.md, "Events"). */
export type LifecycleEvent =
  | {
      readonly type: 'user-message';
      readonly id: string;
      readonly parts: readonly MessagePart[];
      /** Of an edit: the message in whose place this one is. It and all that followed it are no longer told. */
      readonly supersedes?: string;
    }
  | {
      /** A new answer to the message `of`; the old one and all that followed it are no longer told. */
      readonly type: 'run-requested';
      readonly id: string;
      readonly of: string;
      /** The run whose answer this one replaces. */
      readonly supersedes: string;
    }
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
  | {
      /** The run waits for the user to allow a call. */
      readonly type: 'tool_waiting';
      readonly tool: string;
      readonly callId: string;
      readonly input: unknown;
      /** Milliseconds since 1970, by the clock of Redis. */
      readonly expiresAt: number;
    }
  | {
      readonly type: 'tool_answered';
      readonly callId: string;
      readonly approve: boolean;
      readonly by: { readonly id: string; readonly name: string };
    }
  | ModelEvent
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
