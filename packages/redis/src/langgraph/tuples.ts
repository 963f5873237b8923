import {
  type Checkpoint,
  type CheckpointTuple,
  maxChannelVersion,
  type SerializerProtocol,
  TASKS,
} from '@langchain/langgraph-checkpoint';
import { configOf } from './place.ts';
import { decodeCheckpoint, decodeMetadata } from './record.ts';
import type { CheckpointStore, StoredTuple } from './store.ts';
import { decodeWrites, pendingSends } from './writes.ts';

/** Since this format of checkpoints, what one node sends to another is in the channel `__pregel_tasks`. */
const SENDS_IN_CHANNEL = 4;

/** Reads checkpoints as LangGraph wants them. */
export class TupleReader {
  readonly #store: CheckpointStore;
  readonly #serde: SerializerProtocol;

  constructor(store: CheckpointStore, serde: SerializerProtocol) {
    this.#store = store;
    this.#serde = serde;
  }

  /** One checkpoint, the latest if none is named; undefined if there is none. */
  async read(thread: string, namespace: string, id?: string): Promise<CheckpointTuple | undefined> {
    const stored = await this.#store.read(thread, namespace, id);
    if (stored === undefined) return undefined;
    const { checkpoint, metadata, parent, writes, apart } = stored;
    const decoded = await decodeCheckpoint(this.#serde, checkpoint, apart);
    const place = { thread, namespace };
    return {
      config: configOf({ ...place, checkpoint: stored.id }),
      checkpoint: await this.#withSends(decoded, thread, stored),
      metadata: await decodeMetadata(this.#serde, metadata),
      pendingWrites: await decodeWrites(this.#serde, writes),
      ...(parent !== undefined && { parentConfig: configOf({ ...place, checkpoint: parent }) }),
    };
  }

  async #withSends(
    checkpoint: Checkpoint,
    thread: string,
    { namespace, parent }: StoredTuple,
  ): Promise<Checkpoint> {
    if (checkpoint.v >= SENDS_IN_CHANNEL || parent === undefined) return checkpoint;
    const writes = (await this.#store.read(thread, namespace, parent))?.writes ?? [];
    const sends = pendingSends(await decodeWrites(this.#serde, writes));
    const versions = Object.values(checkpoint.channel_versions);
    return {
      ...checkpoint,
      channel_values: { ...checkpoint.channel_values, [TASKS]: sends },
      channel_versions: {
        ...checkpoint.channel_versions,
        [TASKS]: versions.length > 0 ? maxChannelVersion(...versions) : 1,
      },
    };
  }
}
