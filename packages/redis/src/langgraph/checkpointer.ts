import type { RunnableConfig } from '@langchain/core/runnables';
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  type DeltaChannelHistory,
  type PendingWrite,
  type SerializerProtocol,
} from '@langchain/langgraph-checkpoint';
import { RedisManagerError } from '../errors.ts';
import type { RedisManager } from '../manager.ts';
import { numberOption } from '../number-option.ts';
import { ancestors, collectDeltas } from './delta.ts';
import { listCheckpoints } from './list.ts';
import { configOf, configured, configuredCheckpoint, invalid, requireThread } from './place.ts';
import { type DumpedCheckpoint, dumpCheckpoint, encodeMetadata, frameCheckpoint } from './record.ts';
import { CheckpointStore } from './store.ts';
import { TupleReader } from './tuples.ts';
import { encodeWrites } from './writes.ts';

/** Options of a {@link RedisCheckpointer}. */
export interface RedisCheckpointerOptions {
  /** What its keys begin with. @default 'langgraph' */
  readonly prefix?: string;
  /** A thread ends, as a whole, so many ms after its last write. @default never */
  readonly ttlMs?: number;
  /** The most that one checkpoint, or one task's writes, may take, serialized, in bytes, from 1 to 256 MiB. @default 64 MiB */
  readonly maxBytes?: number;
  /** How long a call may take in all, in ms; `list` makes several calls. @default 10_000 */
  readonly deadlineMs?: number;
  /** How values are serialized. @default LangGraph's JSON */
  readonly serde?: SerializerProtocol;
}

export const DEFAULT_CHECKPOINTER = {
  prefix: 'langgraph',
  maxBytes: 67_108_864,
  deadlineMs: 10_000,
} as const;

const MAX_MAX_BYTES = 256 * 1024 * 1024;

/**
 * Keeps LangGraph's checkpoints in Redis, without any module. Every call does the same whether it is made once or twice, so one
 * whose reply was lost is sent again within the deadline. All methods reject with `RedisManagerError`.
 */
export class RedisCheckpointer extends BaseCheckpointSaver {
  readonly #store: CheckpointStore;
  readonly #tuples: TupleReader;
  readonly #maxBytes: number;

  /** Throws `invalid-options`, `keyspace-taken`. */
  constructor(manager: RedisManager, options: RedisCheckpointerOptions = {}) {
    super(options.serde);
    const { prefix, ttlMs, maxBytes, deadlineMs } = { ...DEFAULT_CHECKPOINTER, ...options };
    this.#maxBytes = numberOption('maxBytes', maxBytes, 1, MAX_MAX_BYTES);
    this.#store = new CheckpointStore(manager, {
      prefix,
      ttlMs: ttlMs === undefined ? undefined : Math.ceil(numberOption('ttlMs', ttlMs, 1)),
      deadlineMs: numberOption('deadlineMs', deadlineMs, 1),
    });
    this.#tuples = new TupleReader(this.#store, this.serde);
  }

  /** The checkpoint that the config names, the latest if it names none; undefined if there is none. */
  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const thread = configured(config, 'thread_id');
    if (thread === undefined) return undefined;
    return this.#tuples.read(thread, namespaceOf(config), configuredCheckpoint(config));
  }

  /**
   * Checkpoints, newest first within each namespace of each thread. A filter compares metadata deeply. Without `thread_id`
   * it goes through all keys of the deployment.
   */
  override async *list(
    config: RunnableConfig,
    { limit = Number.POSITIVE_INFINITY, before, filter = {} }: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    yield* listCheckpoints(
      { store: this.#store, tuples: this.#tuples, serde: this.serde },
      {
        thread: configured(config, 'thread_id'),
        namespace: configured(config, 'checkpoint_ns'),
        id: configured(config, 'checkpoint_id'),
        before: configuredCheckpoint(before),
        limit,
        filter,
      },
    );
  }

  /**
   * Stores a checkpoint; its parent is the one that the config names. Of a checkpoint without parent only the channels are
   * stored that it, or another of its namespace, has written (`newVersions`). Rejects `too-large`.
   */
  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const thread = requireThread(config);
    const namespace = namespaceOf(config);
    const id = requireId({ configurable: { checkpoint_id: checkpoint.id } });
    const [dumped, about] = await Promise.all([
      dumpCheckpoint(this.serde, checkpoint),
      encodeMetadata(this.serde, metadata),
    ]);
    const parent = configuredCheckpoint(config);
    const written = Object.keys(newVersions);
    const kept = parent === undefined ? await this.#written(thread, namespace, dumped, written) : dumped;
    const stored = frameCheckpoint(kept);
    const apart = stored.apart.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    this.#requireSize(stored.frame.byteLength + about.byteLength + apart);
    await this.#store.put(
      thread,
      { namespace, id },
      { checkpoint: stored, metadata: about, parent, written },
    );
    return configOf({ thread, namespace, checkpoint: id });
  }

  /** Without the channels that were never written. */
  async #written(
    thread: string,
    namespace: string,
    { rest, channels }: DumpedCheckpoint,
    written: readonly string[],
  ): Promise<DumpedCheckpoint> {
    const others = channels.map(([channel]) => channel).filter((channel) => !written.includes(channel));
    const known = await this.#store.everWritten(thread, namespace, others);
    return {
      rest,
      channels: channels.filter(([channel]) => written.includes(channel) || known.has(channel)),
    };
  }

  /** Stores what a task wrote on a checkpoint, which need not be stored yet. Rejects `too-large`. */
  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath = '',
  ): Promise<void> {
    const thread = requireThread(config);
    const place = { namespace: namespaceOf(config), id: requireId(config) };
    if (!taskId.isWellFormed()) throw invalid('task_id', 'a lone surrogate');
    const stored = await encodeWrites(this.serde, writes, taskId, taskPath);
    if (stored.length === 0) return;
    this.#requireSize(stored.reduce((sum, { frame }) => sum + frame.byteLength, 0));
    await this.#store.putWrites(thread, place, stored);
  }

  /** Deletes all checkpoints and writes of a thread, at once. */
  override async deleteThread(threadId: string): Promise<void> {
    await this.#store.delete(requireThread({ configurable: { thread_id: threadId } }));
  }

  /** What each channel was written since the nearest ancestor that has its whole value, and that value. */
  override async getDeltaChannelHistory({
    config,
    channels,
  }: {
    config: RunnableConfig;
    channels: string[];
  }): Promise<Record<string, DeltaChannelHistory>> {
    const thread = configured(config, 'thread_id');
    const tuple = await this.getTuple(config);
    if (thread === undefined || tuple === undefined) return collectDeltas(nothing(), channels);
    const place = { namespace: namespaceOf(config), id: tuple.checkpoint.id };
    return collectDeltas(ancestors(this.#store, this.#tuples, thread, place), channels);
  }

  #requireSize(bytes: number): void {
    if (bytes <= this.#maxBytes) return;
    const details = { code: 'too-large', retryable: false, applied: 'no' } as const;
    throw new RedisManagerError(`A checkpoint or write of ${bytes} bytes, over ${this.#maxBytes}`, details);
  }
}

function namespaceOf(config: RunnableConfig): string {
  return configured(config, 'checkpoint_ns') ?? '';
}

function requireId(config: RunnableConfig): string {
  const id = configuredCheckpoint(config);
  if (id === undefined) throw invalid('checkpoint_id', 'none');
  return id;
}

async function* nothing(): AsyncGenerator<CheckpointTuple> {}
