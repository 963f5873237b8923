import type { LogEntry } from '@taproot/redis';
import type { Chunk, LifecycleEvent, LogEvent } from '../../protocol/index.ts';

/** The parsed members of a log entry. */
export interface EntryBody {
  readonly at: number;
  readonly run?: string;
  readonly data: LogEvent | readonly Chunk[];
}

export function parseBody(entry: LogEntry): EntryBody {
  return JSON.parse(entry.body) as EntryBody;
}

/** A step whose result is in the log. */
export type StepResult = Extract<LifecycleEvent, { type: 'tool_completed' }>;

/** What a run's former owners left in the log. */
export interface Replay {
  /** Call ids in the order in which steps were first started. */
  readonly started: readonly string[];
  readonly completed: ReadonlyMap<string, StepResult>;
  readonly agentStarted: boolean;
  readonly agentThinking: boolean;
  /** What came after the last thing that stays: void for readers. */
  readonly supersedes?: { readonly from: number; readonly to: number };
}

export const NOTHING_LOGGED: Replay = {
  started: [],
  completed: new Map(),
  agentStarted: false,
  agentThinking: false,
};

/** Reads from a run's entries what a new owner goes on from. */
export async function readReplay(entries: AsyncIterable<LogEntry>, run: string): Promise<Replay> {
  const started = new Set<string>();
  const completed = new Map<string, StepResult>();
  let agentStarted = false;
  let agentThinking = false;
  let keep = 0;
  let last = 0;
  for await (const entry of entries) {
    const body = parseBody(entry);
    if (body.run !== run || Array.isArray(body.data)) {
      if (body.run === run) last = entry.seq;
      continue;
    }
    last = entry.seq;
    const event = body.data as LogEvent;
    if (event.type === 'tool_executing') started.add(event.callId);
    if (event.type === 'tool_completed') completed.set(event.callId, event);
    agentStarted ||= event.type === 'agent_started';
    agentThinking ||= event.type === 'agent_thinking';
    if (KEPT.has(event.type)) keep = entry.seq;
  }
  const supersedes = keep > 0 && last > keep ? { supersedes: { from: keep + 1, to: last } } : {};
  return { started: [...started], completed, agentStarted, agentThinking, ...supersedes };
}

/** Events that a takeover leaves as they are: what is after the last of them is void. */
const KEPT: ReadonlySet<string> = new Set([
  'user-message',
  'agent_started',
  'agent_thinking',
  'tool_completed',
  'run-resumed',
]);
