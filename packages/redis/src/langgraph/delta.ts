import type {
  CheckpointPendingWrite,
  CheckpointTuple,
  DeltaChannelHistory,
} from '@langchain/langgraph-checkpoint';
import type { CheckpointStore, InThread } from './store.ts';
import type { TupleReader } from './tuples.ts';

/** Ids of ancestors come in pages; their checkpoints, which may be large, a few at a time. */
const [IDS_PAGE, TUPLES_PAGE] = [256, 8];

/** The ancestors of a checkpoint, nearest first, as far as they are stored. */
export async function* ancestors(
  store: CheckpointStore,
  tuples: TupleReader,
  thread: string,
  { namespace, id }: InThread,
): AsyncGenerator<CheckpointTuple> {
  // Whoever stored a checkpoint as its own ancestor must not be followed forever.
  const seen = new Set([id]);
  for (let from: string | undefined = id; from !== undefined; ) {
    const ids = await store.ancestors(thread, { namespace, id: from }, IDS_PAGE);
    for (let n = 0; n < ids.length; n += TUPLES_PAGE) {
      const some = ids.slice(n, n + TUPLES_PAGE);
      for (const tuple of await Promise.all(some.map((each) => tuples.read(thread, namespace, each)))) {
        if (tuple === undefined || seen.has(tuple.checkpoint.id)) return;
        seen.add(tuple.checkpoint.id);
        yield tuple;
      }
    }
    from = ids.length === IDS_PAGE ? ids.at(-1) : undefined;
  }
}

/**
 * What each channel was written since the nearest ancestor that has its whole value, and that value, as
 * `BaseCheckpointSaver.getDeltaChannelHistory` says.
 */
export async function collectDeltas(
  line: AsyncIterable<CheckpointTuple>,
  channels: readonly string[],
): Promise<Record<string, DeltaChannelHistory>> {
  const found = new Map(channels.map((channel) => [channel, { steps: [] as CheckpointPendingWrite[][] }]));
  const seeds = new Map<string, unknown>();
  if (found.size > 0) {
    for await (const { checkpoint, pendingWrites = [] } of line) {
      for (const [channel, { steps }] of found) {
        if (seeds.has(channel)) continue;
        steps.push(pendingWrites.filter((write) => write[1] === channel));
        const value = Object.hasOwn(checkpoint.channel_values, channel)
          ? checkpoint.channel_values[channel]
          : undefined;
        if (value !== undefined) seeds.set(channel, value);
      }
      if (seeds.size === found.size) break;
    }
  }
  const histories = [...found].map(([channel, { steps }]): [string, DeltaChannelHistory] => [
    channel,
    { writes: steps.toReversed().flat(), ...(seeds.has(channel) && { seed: seeds.get(channel) }) },
  ]);
  return Object.fromEntries(histories);
}
