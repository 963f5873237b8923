import {
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointTuple,
  emptyCheckpoint,
} from '@langchain/langgraph-checkpoint';

export const METADATA: CheckpointMetadata = { source: 'loop', step: 0, parents: {} };

/** A config as LangGraph makes it. */
export function config(
  thread: string,
  id?: string,
  namespace = '',
): { configurable: Readonly<Record<string, string>> } {
  const checkpoint = id === undefined ? {} : { checkpoint_id: id };
  return { configurable: { thread_id: thread, checkpoint_ns: namespace, ...checkpoint } };
}

/** A checkpoint whose channels all have been written once. */
export function checkpoint(id: string, values: Readonly<Record<string, unknown>> = {}): Checkpoint {
  const versions = Object.fromEntries(Object.keys(values).map((channel) => [channel, 1]));
  return { ...emptyCheckpoint(), id, channel_values: { ...values }, channel_versions: versions };
}

/** Ids that sort as their numbers do. */
export function idOf(n: number): string {
  return String(n).padStart(8, '0');
}

export async function all(tuples: AsyncIterable<CheckpointTuple>): Promise<CheckpointTuple[]> {
  const found: CheckpointTuple[] = [];
  for await (const tuple of tuples) found.push(tuple);
  return found;
}

export async function idsOf(tuples: AsyncIterable<CheckpointTuple>): Promise<string[]> {
  return (await all(tuples)).map((tuple) => tuple.checkpoint.id);
}
