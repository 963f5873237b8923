import type { Chunk, LogEvent } from '../../src/protocol/index.ts';

/** Events of a run, for `peer.append`. */
export const STARTED: LogEvent = { type: 'agent_started', agent: 'guide' };
export const THINKING: LogEvent = { type: 'agent_thinking' };
export const COMPLETED: LogEvent = { type: 'agent_completed' };
export const DONE: LogEvent = { type: 'run-ended', outcome: 'done' };

export function start(id: string): Chunk {
  return { type: 'text-start', id };
}

export function delta(id: string, words: string): Chunk {
  return { type: 'text-delta', id, delta: words };
}

export function end(id: string): Chunk {
  return { type: 'text-end', id };
}

export function tool(callId: string): LogEvent[] {
  return [
    { type: 'tool_executing', tool: 'keyspaces', callId, input: {} },
    { type: 'tool_completed', tool: 'keyspaces', callId, output: { keys: 12 } },
  ];
}

/** A whole run after its user message. */
export function answer(words: string): LogEvent[] {
  return [STARTED, THINKING, ...tool('c'), start('t'), delta('t', words), end('t'), COMPLETED, DONE];
}

export function userMessage(id: string, text: string): LogEvent {
  return { type: 'user-message', id, parts: [{ type: 'text', text }] };
}
