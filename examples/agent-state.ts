/**
 * Documents of an agent: compare-and-set, history, changes by many at once, and a watch.
 *
 *   node --conditions=@taproot/source examples/agent-state.ts
 *
 * Uses REDIS_URL if it is set, otherwise an embedded Redis in a temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentState, createRedisManager, VersionConflictError } from '@taproot/redis';

interface Plan {
  readonly steps: readonly string[];
}

const dataDir = mkdtempSync(join(tmpdir(), 'example-agent-state-'));
const manager = createRedisManager({ app: 'example', dataDir });
await manager.ready({ timeoutMs: 10_000 });
const plans = new AgentState<Plan>(manager, { prefix: 'example:plan', keepVersions: 5 });

// Hears the present document and each that follows; a gap in the connection is made up for.
const stop = new AbortController();
const watching = (async () => {
  for await (const plan of plans.watch('trip', { signal: stop.signal })) {
    console.log('watched:', plan === undefined ? 'nothing' : `${plan.value.steps.length} steps`);
    if (plan?.value.steps.length === 4) break;
  }
})();

// Written only if nobody was faster.
const first = await plans.set('trip', { steps: ['book a flight'] }, { ifVersion: 0 });
try {
  await plans.set('trip', { steps: [] }, { ifVersion: 0 });
} catch (error) {
  if (!(error instanceof VersionConflictError)) throw error;
  console.log(
    'refused:',
    error.code,
    '– it is at the first version:',
    error.currentVersion === first.version,
  );
}

// Three agents at once; each change is made once, on top of the others'.
const add = (step: string) => plans.update('trip', (plan) => ({ steps: [...(plan?.steps ?? []), step] }));
await Promise.all(['book a hotel', 'pack', 'go'].map(add));

// The same write once more, as after a lost reply: the first result, and nothing written.
const step = { writeId: 'run-7:step-2' };
const once = await plans.set('note', { steps: ['ask for a visa'] }, step);
const again = await plans.set('note', { steps: ['ask for a visa'] }, step);
console.log('written once:', once.version === again.version, (await plans.history('note')).length);

for (const { value, updatedAt } of await plans.history('trip'))
  console.log(new Date(updatedAt).toISOString().slice(11, 19), value.steps.join(', '));
console.log('the first version:', (await plans.at('trip', first.version))?.value.steps);

await watching;
stop.abort();
console.log('deleted:', await plans.delete('trip'), await plans.delete('note'));
await manager.close();
rmSync(dataDir, { recursive: true, force: true });
