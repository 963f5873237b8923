import { isDeepStrictEqual } from 'node:util';
import type { CheckpointTuple, SerializerProtocol } from '@langchain/langgraph-checkpoint';
import { decodeMetadata } from './record.ts';
import type { CheckpointStore, InThread, NamesQuery } from './store.ts';
import type { TupleReader } from './tuples.ts';

/** What to list. */
export interface ListQuery {
  /** Undefined: all. */
  readonly thread: string | undefined;
  /** Undefined: all. */
  readonly namespace: string | undefined;
  /** Only this one. */
  readonly id: string | undefined;
  /** Only those with an id before this. */
  readonly before: string | undefined;
  readonly limit: number;
  /** What the metadata must have. */
  readonly filter: Readonly<Record<string, unknown>>;
}

/** Names come in pages; checkpoints, which may be large, a few at a time. */
const [NAMES_PAGE, TUPLES_PAGE] = [200, 8];

/** Where checkpoints are listed from. */
export interface ListSource {
  readonly store: CheckpointStore;
  readonly tuples: TupleReader;
  readonly serde: SerializerProtocol;
}

/** Thread by thread, namespace by namespace, newest first. */
export async function* listCheckpoints(
  source: ListSource,
  query: ListQuery,
): AsyncGenerator<CheckpointTuple> {
  let left = query.limit;
  if (left <= 0) return;
  const threads = query.thread === undefined ? source.store.threads() : [query.thread];
  for await (const thread of threads) {
    for await (const tuple of ofThread(source, thread, query)) {
      yield tuple;
      if (--left <= 0) return;
    }
  }
}

async function* ofThread(
  source: ListSource,
  thread: string,
  query: ListQuery,
): AsyncGenerator<CheckpointTuple> {
  for await (const page of pagesOfNames(source.store, thread, query)) {
    const names = await matching(source, thread, page, query);
    for (let from = 0; from < names.length; from += TUPLES_PAGE) {
      const some = names.slice(from, from + Math.min(TUPLES_PAGE, query.limit));
      const tuples = some.map(({ namespace, id }) => source.tuples.read(thread, namespace, id));
      for (const tuple of await Promise.all(tuples)) if (tuple !== undefined) yield tuple;
    }
  }
}

async function* pagesOfNames(
  store: CheckpointStore,
  thread: string,
  { namespace, id, before, limit, filter }: ListQuery,
): AsyncGenerator<InThread[]> {
  if (namespace !== undefined && id !== undefined) {
    if (before === undefined || comesBefore(id, before)) yield [{ namespace, id }];
    return;
  }
  const taken = (name: InThread): boolean =>
    (id === undefined || name.id === id) && (before === undefined || comesBefore(name.id, before));
  const all =
    Object.keys(filter).length === 0 && id === undefined && (before === undefined || namespace !== undefined);
  const count = all ? Math.min(NAMES_PAGE, limit) : NAMES_PAGE;
  const bounds: Pick<NamesQuery, 'namespace' | 'before'> = { namespace, before };
  for (let after: InThread | undefined, full = true; full; ) {
    const names = await store.names(thread, { ...bounds, after, count });
    yield names.filter(taken);
    after = names.at(-1);
    full = names.length === count;
  }
}

/** Those whose metadata has what the filter says. */
async function matching(
  { store, serde }: ListSource,
  thread: string,
  names: readonly InThread[],
  { filter }: ListQuery,
): Promise<readonly InThread[]> {
  const wanted = Object.entries(filter);
  if (wanted.length === 0 || names.length === 0) return names;
  const stored = await store.metadata(thread, names);
  const fits = await Promise.all(
    stored.map(async (bytes) => {
      if (bytes === null) return false;
      const metadata: Readonly<Record<string, unknown>> = await decodeMetadata(serde, bytes);
      return wanted.every(([key, value]) => isDeepStrictEqual(metadata[key], value));
    }),
  );
  return names.filter((_, n) => fits[n]);
}

/** As Redis orders names: by their bytes. */
function comesBefore(id: string, before: string): boolean {
  return Buffer.compare(Buffer.from(id), Buffer.from(before)) < 0;
}
