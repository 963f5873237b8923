import { fullJitter, type LogKeys, pause, type RedisManager, RedisManagerError } from '@taproot/redis';
import type { Chunk, LifecycleEvent } from '../../protocol/index.ts';
import { RunAborted } from './step-error.ts';

export interface AppenderOptions {
  readonly manager: RedisManager;
  readonly log: LogKeys;
  /** The run's record, which holds its fence. */
  readonly record: string;
  readonly run: string;
  readonly fence: number;
  readonly signal: AbortSignal;
  /** Text that may wait while Redis is away; beyond it the agent waits. */
  readonly maxBufferedBytes: number;
}

/** The members of an entry, and how it is stored: a plain append or the script that ends the run. */
type Write = (n: number) => Promise<void>;

/**
 * Appends a run's events in order under its fence. The first chunk goes at once; those that come while an append is in
 * flight form the next entry. An append of unknown fate is sent again byte for byte under its own `n`, which Redis
 * remembers, so that it is stored once.
 */
export class Appender {
  readonly #options: AppenderOptions;
  #n = 0;
  #lastSeq = 0;
  /** Chunks that the next entry will hold; closed when its turn comes or an event follows them. */
  #batch: Chunk[] | undefined;
  #bufferedBytes = 0;
  #last: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(options: AppenderOptions) {
    this.#options = options;
  }

  /** The `seq` of the newest event or chunk that is stored. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Queues a chunk of the answer; resolves when there is room for another. */
  async chunk(chunk: Chunk): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#bufferedBytes += JSON.stringify(chunk).length;
    if (this.#batch === undefined) this.#openBatch(chunk);
    else this.#batch.push(chunk);
    if (this.#bufferedBytes > this.#options.maxBufferedBytes) await this.flush();
  }

  /** Appends one event after all chunks before it. Resolves when it is stored. */
  event(event: LifecycleEvent): Promise<void> {
    return this.write((n) => this.#append(event, n));
  }

  /** Makes any write of this run, in order, under the next `n`. */
  write(write: Write): Promise<void> {
    this.#batch = undefined;
    return this.#enqueue(() => this.#persist(write));
  }

  /** Makes the last write of this run; what comes after it is refused. */
  end(write: Write): Promise<void> {
    const ended = this.write(write);
    this.#enqueue(() => Promise.reject(new RunAborted('ended', 'This run has ended'))).catch(() => undefined);
    return ended;
  }

  /** Resolves when all that was given is stored. */
  flush(): Promise<void> {
    return this.#last;
  }

  #openBatch(chunk: Chunk): void {
    const batch = [chunk];
    this.#batch = batch;
    // Whoever waits learns of a failure by its own call.
    this.#enqueue(async () => {
      if (this.#batch === batch) this.#batch = undefined;
      this.#bufferedBytes = 0;
      const chunks = joinDeltas(batch);
      const [only] = chunks;
      const data = chunks.length === 1 && only !== undefined ? only : chunks;
      await this.#persist((n) => this.#append(data, n));
    }).catch(() => undefined);
  }

  #enqueue(job: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(job);
    this.#last.catch((error: unknown) => {
      this.#failure ??= error;
    });
    return this.#last;
  }

  async #persist(write: Write): Promise<void> {
    const n = ++this.#n;
    const { signal } = this.#options;
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      try {
        return await write(n);
      } catch (error) {
        if (!(error instanceof RedisManagerError)) throw error;
        if (error.code === 'fence') throw new RunAborted('fence', 'Another worker owns this run by now');
        if (!error.retryable && error.applied !== 'unknown') throw error;
        await pause(fullJitter(attempt, 20, 500), signal);
      }
    }
  }

  async #append(data: LifecycleEvent | Chunk | readonly Chunk[], n: number): Promise<void> {
    const { manager, log, record, run, fence } = this.#options;
    const guard = { key: record, fence, n };
    const { seq } = await manager.log.append(log, { data: { run, data }, guard });
    this.#lastSeq = seq;
  }
}

/** Deltas of one text that follow each other become one. */
function joinDeltas(chunks: readonly Chunk[]): Chunk[] {
  const joined: Chunk[] = [];
  for (const chunk of chunks) {
    const last = joined.at(-1);
    if (
      (chunk.type === 'text-delta' || chunk.type === 'reasoning-delta') &&
      last?.type === chunk.type &&
      last.id === chunk.id
    ) {
      joined[joined.length - 1] = { ...last, ...chunk, delta: last.delta + chunk.delta };
    } else joined.push(chunk);
  }
  return joined;
}
