import { type ChatChunk, createRunMapper, type RunEvent } from '../protocol/index.ts';

/** One run's message as a stream of chunks: from its first event to `run-ended`, however often sockets break meanwhile. */
export class RunStream {
  readonly readable: ReadableStream<ChatChunk>;
  /** Known when the event of its message came, at the latest. */
  run: string | undefined;
  readonly #take = createRunMapper();
  readonly #onGone: (stream: RunStream) => void;
  #controller: ReadableStreamDefaultController<ChatChunk> | undefined;
  #last = 0;

  constructor(run: string | undefined, onGone: (stream: RunStream) => void) {
    this.run = run;
    this.#onGone = onGone;
    this.readable = new ReadableStream<ChatChunk>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => {
        this.#release();
      },
    });
  }

  push(event: RunEvent): void {
    // Events come again when somebody opens the view at an older position.
    if (event.seq <= this.#last) return;
    this.#last = event.seq;
    for (const chunk of this.#take(event)) this.#controller?.enqueue(chunk);
    if ('type' in event.data && event.data.type === 'run-ended') this.end();
  }

  /** Nothing more comes; the run may go on. */
  end(): void {
    this.#release()?.close();
  }

  fail(error: Error): void {
    this.#release()?.error(error);
  }

  #release(): ReadableStreamDefaultController<ChatChunk> | undefined {
    const controller = this.#controller;
    this.#controller = undefined;
    if (controller !== undefined) this.#onGone(this);
    return controller;
  }
}
