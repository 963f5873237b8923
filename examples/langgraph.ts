/**
 * LangGraph's checkpoints in a Redis without modules: what a graph stores, step by step.
 *
 *   node --conditions=@taproot/source examples/langgraph.ts
 *
 * With a graph it is `graph.compile({ checkpointer })`; here its calls are made by hand, so that no graph is needed.
 * Uses REDIS_URL if it is set, otherwise an embedded Redis in a temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CheckpointMetadata, emptyCheckpoint, uuid6 } from '@langchain/langgraph-checkpoint';
import { createRedisManager } from '@taproot/redis';
import { RedisCheckpointer } from '@taproot/redis/langgraph';

const dataDir = mkdtempSync(join(tmpdir(), 'example-langgraph-'));
const manager = createRedisManager({ app: 'example', dataDir });
await manager.ready({ timeoutMs: 10_000 });
const checkpointer = new RedisCheckpointer(manager, { prefix: 'example:langgraph', ttlMs: 86_400_000 });

// Three steps of a thread. The large document is stored once.
const thread = { configurable: { thread_id: 'conversation-7', checkpoint_ns: '' } };
const document = 'a long text '.repeat(10_000);
let at: Parameters<typeof checkpointer.put>[0] = thread;
for (let step = 0; step < 3; step++) {
  const checkpoint = {
    ...emptyCheckpoint(),
    id: uuid6(step),
    channel_values: { document, messages: [`message ${step}`] },
    channel_versions: { document: 1, messages: step + 1 },
  };
  const metadata: CheckpointMetadata = { source: step === 0 ? 'input' : 'loop', step, parents: {} };
  at = await checkpointer.put(at, checkpoint, metadata, {
    messages: step + 1,
    ...(step === 0 && { document: 1 }),
  });
}

// What a task wrote before its step was over; the same again changes nothing.
for (let n = 0; n < 2; n++) await checkpointer.putWrites(at, [['messages', ['an answer']]], 'task-1');

const latest = await checkpointer.getTuple(thread);
console.log('latest:', latest?.checkpoint.channel_values.messages, 'pending:', latest?.pendingWrites);
for await (const { metadata } of checkpointer.list(thread, { filter: { source: 'loop' } }))
  console.log('listed: step', metadata?.step);
const bytes = await manager.call([
  'MEMORY',
  'USAGE',
  'example:langgraph:{conversation-7}:data',
  'SAMPLES',
  '0',
]);
console.log(`three checkpoints with a document of ${document.length} bytes take ${bytes} bytes`);

await checkpointer.deleteThread('conversation-7');
console.log('after the deletion:', await checkpointer.getTuple(thread));
await manager.close();
rmSync(dataDir, { recursive: true, force: true });
