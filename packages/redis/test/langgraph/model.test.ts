import { type CheckpointTuple, MemorySaver } from '@langchain/langgraph-checkpoint';
import { startRedis } from '@taproot/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RedisCheckpointer } from '../../src/langgraph/index.ts';
import { readyManager } from '../support/ready-manager.ts';
import { all, checkpoint, config, METADATA } from './support.ts';

/** What keys, patterns, separators, ranges and objects could take for something else. */
const NASTY = [
  'a',
  'b',
  '\0',
  '\x01',
  '\x02',
  ':',
  '{',
  '}',
  '|',
  '*',
  '%',
  '~',
  ' ',
  '\n',
  'é',
  '\uffff',
  '🦊',
];
const text = fc
  .array(fc.constantFrom(...NASTY), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join(''));
const threads = fc.oneof(text, fc.constantFrom('toString', 'x'.repeat(10_000)));
const namespaces = fc.oneof(fc.constant(''), text);

test('ids of any form name different checkpoints and writes', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  let run = 0;
  const places = fc.uniqueArray(fc.tuple(threads, namespaces, text, text), {
    minLength: 1,
    maxLength: 12,
    selector: (place) => JSON.stringify(place),
  });
  await fc.assert(
    fc.asyncProperty(places, async (triples) => {
      const saver = new RedisCheckpointer(manager, { prefix: `p${run++}` });
      for (const [thread, namespace, id, task] of triples) {
        await saver.put(config(thread, undefined, namespace), checkpoint(id), METADATA, {});
        await saver.putWrites(config(thread, id, namespace), [[task, [thread, namespace, id]]], task);
      }
      for (const [thread, namespace, id] of triples) {
        const tuple = await saver.getTuple(config(thread, id, namespace));
        const tasks = triples.filter((other) =>
          [thread, namespace, id].every((each, n) => each === other[n]),
        );
        const expected = tasks.map(([, , , task]) => [task, task, [thread, namespace, id]]);
        expect(tuple?.checkpoint.id).toBe(id);
        expect(tuple?.pendingWrites).toHaveLength(expected.length);
        expect(tuple?.pendingWrites).toEqual(expect.arrayContaining(expected));
      }
      const listed = (await all(saver.list({ configurable: {} }))).map((tuple) => tuple.config);
      const stored = new Set(triples.map(([thread, ns, id]) => JSON.stringify(config(thread, id, ns))));
      expect(listed).toHaveLength(stored.size);
      for (const each of stored) expect(listed).toContainEqual(JSON.parse(each));
    }),
    { numRuns: 60 },
  );
});

const SMALL = { thread: fc.constantFrom('t', 'u'), namespace: fc.constantFrom('', 'n') };
const id = fc.constantFrom('1', '2', '3', '4');
const step = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    ...SMALL,
    id,
    parent: fc.option(id),
    values: fc.dictionary(fc.constantFrom('a', 'b'), fc.oneof(fc.integer(), fc.constant('x'.repeat(2000)))),
  }),
  fc.record({
    kind: fc.constant('writes' as const),
    ...SMALL,
    id,
    task: fc.constantFrom('x', 'y'),
    path: fc.constantFrom('', 'p'),
    writes: fc.array(fc.tuple(fc.constantFrom('a', 'b', '__error__', '__interrupt__'), fc.integer()), {
      maxLength: 3,
    }),
  }),
  fc.record({ kind: fc.constant('get' as const), ...SMALL, id: fc.option(id) }),
  fc.record({
    kind: fc.constant('list' as const),
    ...SMALL,
    before: fc.option(id),
    limit: fc.integer({ min: 0, max: 5 }),
    source: fc.option(fc.constantFrom('loop' as const, 'fork' as const)),
  }),
  fc.record({ kind: fc.constant('history' as const), ...SMALL, id }),
  fc.record({ kind: fc.constant('delete' as const), thread: SMALL.thread }),
);
type Step = typeof step extends fc.Arbitrary<infer Each> ? Each : never;
type Saver = MemorySaver | RedisCheckpointer;

/** MemorySaver's config may be the caller's own, so it is left out. */
function facts(tuple: CheckpointTuple | undefined): unknown {
  if (tuple === undefined) return undefined;
  const {
    checkpoint: { ts: _, ...stored },
    metadata,
    parentConfig,
    pendingWrites,
  } = tuple;
  return { stored, metadata, parentConfig, pendingWrites };
}

async function take(saver: Saver, each: Step): Promise<unknown> {
  if (each.kind === 'delete') return saver.deleteThread(each.thread);
  const at = (name: string | null): ReturnType<typeof config> =>
    config(each.thread, name ?? undefined, each.namespace);
  if (each.kind === 'put') {
    const stored = checkpoint(each.id, each.values);
    const metadata = { ...METADATA, source: Object.hasOwn(each.values, 'a') ? 'fork' : 'loop' } as const;
    return saver.put(at(each.parent), stored, metadata, stored.channel_versions);
  }
  if (each.kind === 'writes') return saver.putWrites(at(each.id), each.writes, each.task, each.path);
  if (each.kind === 'get') return facts(await saver.getTuple(at(each.id)));
  if (each.kind === 'history')
    return saver.getDeltaChannelHistory({ config: at(each.id), channels: ['a', 'b'] });
  const { before, limit, source } = each;
  const options = { limit, ...(before && { before: at(before) }), ...(source && { filter: { source } }) };
  return (await all(saver.list(at(null), options))).map(facts);
}

/** MemorySaver would walk in a circle forever. */
function grows(each: Step): boolean {
  return each.kind !== 'put' || each.parent === null || each.parent < each.id;
}

const EVERYTHING = (['t', 'u'] as const).flatMap((thread) =>
  (['', 'n'] as const).map((namespace): Step => {
    return { kind: 'list', thread, namespace, before: null, limit: 9, source: null };
  }),
);

test('any sequence of calls gives what LangGraph’s MemorySaver gives', async () => {
  const redis = await startRedis();
  const manager = await readyManager(redis.url);
  let run = 0;
  const steps = fc.array(step.filter(grows), { maxLength: 60, size: 'max' });
  await fc.assert(
    fc.asyncProperty(steps, async (some) => {
      const saver = new RedisCheckpointer(manager, { prefix: `m${run++}` });
      const memory = new MemorySaver();
      for (const each of [...some, ...EVERYTHING])
        expect(await take(saver, each)).toEqual(await take(memory, each));
    }),
    { numRuns: 150 },
  );
});
