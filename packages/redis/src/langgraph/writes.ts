import {
  type CheckpointPendingWrite,
  type PendingWrite,
  type SerializerProtocol,
  TASKS,
  WRITES_IDX_MAP,
} from '@langchain/langgraph-checkpoint';
import { packFrame, unpackFrame } from './frame.ts';
import { END, part } from './place.ts';

interface WriteHead {
  readonly task: string;
  readonly path: string;
  readonly n: number;
  readonly channel: string;
  readonly type: string;
}

/** A write as it is stored. */
export interface StoredWrite {
  /** Its place within its checkpoint. */
  readonly place: string;
  /** A special write (error, interrupt, …) takes the place of the last; any other is kept as it was first written. */
  readonly replaces: boolean;
  readonly frame: Buffer;
}

/** The writes of one task, from its place in the graph. */
export function encodeWrites(
  serde: SerializerProtocol,
  writes: readonly PendingWrite[],
  task: string,
  path: string,
): Promise<StoredWrite[]> {
  const stored = writes.map(async ([channel, value], index) => {
    const special = Object.hasOwn(WRITES_IDX_MAP, channel) ? WRITES_IDX_MAP[channel] : undefined;
    const n = special ?? index;
    const [type, bytes] = await serde.dumpsTyped(value);
    const frame = packFrame<WriteHead>({ head: { task, path, n, channel, type }, parts: [bytes] });
    return { place: part(task) + END + n, replaces: special !== undefined, frame };
  });
  return Promise.all(stored);
}

/** In the order in which LangGraph applies them: by path, task and number. Throws `codec`. */
export async function decodeWrites(
  serde: SerializerProtocol,
  stored: readonly Buffer[],
): Promise<CheckpointPendingWrite[]> {
  const frames = stored.map((frame) => unpackFrame<WriteHead>(frame));
  frames.sort(({ head: a }, { head: b }) => byBytes(a.path, b.path) || byBytes(a.task, b.task) || a.n - b.n);
  return Promise.all(
    frames.map(async ({ head: { task, channel, type }, parts }): Promise<CheckpointPendingWrite> => {
      return [task, channel, await serde.loadsTyped(type, parts[0] ?? new Uint8Array())];
    }),
  );
}

/** What a checkpoint older than format 4 has in its parent's writes instead of in a channel. */
export function pendingSends(writes: readonly CheckpointPendingWrite[]): unknown[] {
  return writes.filter(([, channel]) => channel === TASKS).map(([, , value]) => value);
}

/** As Python and LangGraph order text: by code points, which is the order of UTF-8. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
