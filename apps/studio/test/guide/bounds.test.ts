import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDocsIndex, createGuide } from '../../src/guide/index.ts';
import { type Rig, startRig } from './support/redis.ts';
import { ask } from './support/run.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  await rig.oracle.sendCommand(['DEBUG', 'POPULATE', '200000', 'order', '50']);
});
afterAll(() => rig.close());

// The walk is bounded by 1.5 s; a test allows five times a bound.
test.each([
  ['what is in redis', 'read_keyspaces', 1000],
  ['biggest keys', 'find_biggest_keys', 2000],
  ['keys without a ttl', 'find_keys_without_expiry', 1000],
])('among 200,000 keys "%s" looks at a bounded sample and says so', async (question, tool, limit) => {
  const guide = createGuide({ manager: rig.manager, docs: createDocsIndex([]), paceMs: 0 });
  const start = performance.now();
  const { steps, text } = await ask(guide, question);
  expect(performance.now() - start).toBeLessThan(7500);
  const result = steps.find((step) => step.tool === tool)?.output as {
    keys: number;
    sampled: number;
    complete: boolean;
  };
  expect(result.complete).toBe(false);
  expect(result.sampled).toBeLessThan(limit + 1000);
  expect(Math.abs(result.keys - 200_000)).toBeLessThan(10);
  expect(text).toMatch(/sample/i);
  expect(JSON.stringify(steps).length).toBeLessThan(8000);
});

test('an estimate from a sample is near the truth', async () => {
  const guide = createGuide({ manager: rig.manager, docs: createDocsIndex([]), paceMs: 0 });
  const { steps } = await ask(guide, 'what is in redis');
  const result = steps[0]?.output as { keyspaces: { template: string; keys: number; bytes: number }[] };
  const orders = result.keyspaces.find(({ template }) => template === 'order:*');
  const one = Number(await rig.oracle.sendCommand(['MEMORY', 'USAGE', 'order:77777']));
  expect(orders?.keys).toBeGreaterThan(190_000);
  expect(Math.abs((orders?.bytes ?? 0) / (200_000 * one) - 1)).toBeLessThan(0.1);
});
