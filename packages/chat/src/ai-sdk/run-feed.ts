import type { ThreadView } from '../client/index.ts';
import type {
  AttachedFrame,
  ChatChunk,
  ChatMessage,
  EventFrame,
  Position,
  RunMetadata,
  RunOutcome,
} from '../protocol/index.ts';
import { RunStream } from './run-stream.ts';

/** A run that has not ended, as far as the view knows it. */
export interface OpenRun {
  readonly run: string;
  /** The user's message, if its event came through this view. */
  readonly message?: ChatMessage;
  /** What its request took out of the conversation, if it did. */
  readonly cut?: Cut;
  readonly started: boolean;
  /** Set when it ended before it started. */
  readonly outcome?: RunOutcome;
}

/** This message and all that followed it; with `kept` it stays itself, as it is answered anew. */
export interface Cut {
  readonly message: string;
  /** Its metadata from now on. */
  readonly kept?: RunMetadata;
}

export interface RunFeedHooks {
  /** A run was stored; it may wait for others. */
  readonly onQueued?: (run: OpenRun) => void;
  /** The first event after the user's message. */
  readonly onStarted?: (run: OpenRun) => void;
  /** Before the streams fail. */
  readonly onReset?: (frame: AttachedFrame) => void;
}

interface Known extends OpenRun {
  readonly events: EventFrame[];
}

/** The open runs of a thread, out of the events of its view. */
export class RunFeed {
  readonly #view: ThreadView;
  readonly #hooks: RunFeedHooks;
  readonly #runs = new Map<string, Known>();
  readonly #streams = new Set<RunStream>();
  /** Streams that wait for the run of this message or regeneration. */
  readonly #unbound = new Map<string, RunStream>();
  readonly #off: readonly (() => void)[];
  #whole = false;

  /** With `start`, see `openAt`; without, the feed begins where the view is, or at the head. */
  constructor(view: ThreadView, hooks: RunFeedHooks = {}, start?: Position) {
    this.#view = view;
    this.#hooks = hooks;
    if (start !== undefined) this.openAt(start);
    this.#off = [
      view.on('event', (event) => this.#event(event)),
      view.on('reset', (frame) => this.#reset(frame)),
    ];
  }

  get view(): ThreadView {
    return this.#view;
  }

  /** Whether every open run is known from its first event. */
  get whole(): boolean {
    return this.#whole;
  }

  /** The run that is executed now. */
  get active(): OpenRun | undefined {
    return [...this.#runs.values()].find(({ started }) => started);
  }

  /** A run's chunks from its beginning. */
  stream(run: string): ReadableStream<ChatChunk> {
    const stream = this.#open(run);
    for (const event of this.#runs.get(run)?.events ?? []) stream.push(event);
    return stream.readable;
  }

  /** The chunks of the run that a message or regeneration gets; call it before that is sent, as `accepted` may come last. */
  streamOfMessage(id: string): {
    readonly readable: ReadableStream<ChatChunk>;
    readonly bind: (run: string) => void;
  } {
    const stream = this.#open(undefined, id);
    return { readable: stream.readable, bind: (run) => this.#bind(id, run) };
  }

  forget(): void {
    this.#runs.clear();
    this.#whole = false;
  }

  /** Opens the view at a position where no run was active (PROTOCOL.md §3.5). */
  openAt({ seq, chain }: Position): void {
    this.forget();
    this.#whole = true;
    this.#view.open({ seq, chain });
  }

  /** Ends all streams, as if their runs had ended. */
  end(): void {
    for (const stream of [...this.#streams]) stream.end();
  }

  fail(error: Error): void {
    for (const stream of [...this.#streams]) stream.fail(error);
  }

  dispose(): void {
    for (const off of this.#off) off();
    this.end();
    this.forget();
    this.#view.close();
  }

  #open(run: string | undefined, message?: string): RunStream {
    const stream = new RunStream(run, (gone) => {
      this.#streams.delete(gone);
      if (message !== undefined && this.#unbound.get(message) === gone) this.#unbound.delete(message);
    });
    this.#streams.add(stream);
    if (message !== undefined) this.#unbound.set(message, stream);
    return stream;
  }

  #bind(id: string, run: string): void {
    const stream = this.#unbound.get(id);
    this.#unbound.delete(id);
    if (stream === undefined) return;
    stream.run = run;
    for (const event of this.#runs.get(run)?.events ?? []) stream.push(event);
  }

  #event(event: EventFrame): void {
    const { run, data } = event;
    if (run === undefined) return;
    const known = this.#runs.get(run) ?? { run, started: false, events: [] };
    known.events.push(event);
    const request = requestOf(event);
    const outcome = 'type' in data && data.type === 'run-ended' ? data.outcome : undefined;
    const next: Known = request
      ? { ...known, ...request.run }
      : { ...known, started: true, ...(!known.started && outcome && { outcome }) };
    this.#runs.set(run, next);
    if (outcome !== undefined) this.#runs.delete(run);
    for (const stream of [...this.#streams]) if (stream.run === run) stream.push(event);
    if (request) {
      this.#bind(request.id, run);
      this.#hooks.onQueued?.(next);
    } else if (!known.started) this.#started(next);
  }

  #started(known: Known): void {
    // A run that ended with its first event is stored again while the hook looks at it, for `stream`.
    const ended = !this.#runs.has(known.run);
    if (ended) this.#runs.set(known.run, known);
    this.#hooks.onStarted?.(known);
    if (ended) this.#runs.delete(known.run);
  }

  #reset(frame: AttachedFrame): void {
    this.#hooks.onReset?.(frame);
    this.forget();
    // What was streamed may be void, and a stream cannot take it back; AI SDK can resume, which starts from the beginning.
    this.fail(new TypeError('network error: the history of the thread changed'));
  }
}

interface RunRequest {
  readonly id: string;
  readonly run: Pick<OpenRun, 'message' | 'cut'>;
}

/** What an event asks for, if it does; a message as the history has it (PROTOCOL.md §3.5). */
function requestOf({ run, data, at }: EventFrame): RunRequest | undefined {
  if (run === undefined || !('type' in data)) return undefined;
  if (data.type === 'run-requested')
    return { id: data.id, run: { cut: { message: data.of, kept: { run, at } } } };
  if (data.type !== 'user-message') return undefined;
  const { id, parts, supersedes } = data;
  const message: ChatMessage = {
    id,
    role: 'user',
    parts: parts.map((part) => ({ ...part })),
    metadata: { run, at },
  };
  const cut = supersedes === undefined ? {} : { cut: { message: supersedes } };
  return { id, run: { message, ...cut } };
}
