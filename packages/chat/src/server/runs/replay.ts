import type { LogEntry } from '@taproot/redis';
import type { Chunk, LifecycleEvent, LogEvent } from '../../protocol/index.ts';
import type { ModelAnswer } from '../agent.ts';

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
  /** Call ids in the order in which steps were first started, or asked about. */
  readonly started: readonly string[];
  readonly completed: ReadonlyMap<string, StepResult>;
  /** What models said, by call. */
  readonly answered: ReadonlyMap<string, ModelAnswer>;
  /** Calls that the user was asked about, with the answer. */
  readonly asked: ReadonlyMap<string, 'approved' | 'denied' | undefined>;
  /** Calls that were executing when last heard of, since the user allowed them if they were asked about. */
  readonly executing: ReadonlySet<string>;
  readonly agentStarted: boolean;
  readonly agentThinking: boolean;
  /** What came after the last thing that stays: void for readers. */
  readonly supersedes?: { readonly from: number; readonly to: number };
}

export const NOTHING_LOGGED: Replay = {
  started: [],
  completed: new Map(),
  answered: new Map(),
  asked: new Map(),
  executing: new Set(),
  agentStarted: false,
  agentThinking: false,
};

/** Reads from a run's entries what a new owner goes on from. */
export async function readReplay(entries: AsyncIterable<LogEntry>, run: string): Promise<Replay> {
  const reader = new ReplayReader();
  for await (const entry of entries) {
    const body = parseBody(entry);
    if (body.run === run) reader.take(entry.seq, body.data);
  }
  return reader.replay();
}

/** Events that a takeover leaves as they are: what is after the last of them is void. */
const KEPT: ReadonlySet<string> = new Set([
  'user-message',
  'run-requested',
  'agent_started',
  'agent_thinking',
  'tool_waiting',
  'tool_completed',
  'model_completed',
  'run-resumed',
]);

class ReplayReader {
  readonly #started = new Set<string>();
  readonly #completed = new Map<string, StepResult>();
  readonly #answered = new Map<string, ModelAnswer>();
  /** What the model has said in the attempt that is under way. */
  #said: Chunk[] | undefined;
  readonly #asked = new Map<string, 'approved' | 'denied' | undefined>();
  readonly #executing = new Set<string>();
  readonly #seen = new Set<string>();
  #keep = 0;
  #last = 0;

  take(seq: number, data: EntryBody['data']): void {
    const before = this.#last;
    this.#last = seq;
    if ('type' in data) {
      this.#seen.add(data.type);
      this.#call(data);
      // An answer may come while its asker still writes; what is between is not to stand because of it.
      if (KEPT.has(data.type) || (data.type === 'tool_answered' && before === this.#keep)) this.#keep = seq;
    } else this.#said?.push(...data);
  }

  replay(): Replay {
    const [keep, last] = [this.#keep, this.#last];
    return {
      started: [...this.#started],
      completed: this.#completed,
      answered: this.#answered,
      asked: this.#asked,
      executing: this.#executing,
      agentStarted: this.#seen.has('agent_started'),
      agentThinking: this.#seen.has('agent_thinking'),
      ...(keep > 0 && last > keep && { supersedes: { from: keep + 1, to: last } }),
    };
  }

  #call(event: LogEvent): void {
    switch (event.type) {
      case 'tool_executing':
        this.#started.add(event.callId);
        this.#executing.add(event.callId);
        break;
      case 'tool_waiting':
        this.#started.add(event.callId);
        this.#asked.set(event.callId, undefined);
        break;
      case 'tool_answered':
        this.#executing.delete(event.callId);
        this.#asked.set(event.callId, event.approve ? 'approved' : 'denied');
        break;
      case 'tool_completed':
        this.#completed.set(event.callId, event);
        break;
      case 'model_calling':
        this.#started.add(event.callId);
        this.#said = [];
        break;
      case 'model_completed': {
        const { type: _, callId, model: __, ...result } = event;
        this.#answered.set(callId, { ...result, chunks: this.#said ?? [] });
        this.#said = undefined;
        break;
      }
      default:
        if (isChunk(event)) this.#said?.push(event);
    }
  }
}

function isChunk(event: LogEvent): event is Chunk {
  return /^(text|reasoning|source)-/.test(event.type);
}
