import { expect, onTestFinished, test } from 'vitest';
import { createDocsIndex, createGuide } from '../../src/guide/index.ts';
import { startRig } from './support/redis.ts';
import { ask } from './support/run.ts';

const docs = createDocsIndex([]);

test('a tool outlasts a Redis that is killed and comes back', async () => {
  const rig = await startRig();
  onTestFinished(() => rig.close());
  await rig.redis.kill();
  const answer = ask(createGuide({ manager: rig.manager, docs, paceMs: 0 }), 'how much memory is used?');
  await rig.redis.restart();
  const { text, steps } = await answer;
  expect(steps[0]?.error).toBeUndefined();
  expect(text).toContain('Redis uses');
});

test('when Redis stays away the tool fails with a sentence that tells no address', async () => {
  const rig = await startRig();
  onTestFinished(() => rig.close());
  await rig.redis.kill();
  const { text, steps } = await ask(
    createGuide({ manager: rig.manager, docs, paceMs: 0, patienceMs: 100 }),
    'how much memory is used?',
  );
  expect(steps[0]?.error).toMatch(/^Redis (does not answer|went away)$/);
  expect(text).toContain('I could not find out');
  expect(text).not.toContain('127.0.0.1');
});

test('health answers at once while Redis is away', async () => {
  const rig = await startRig();
  onTestFinished(() => rig.close());
  await rig.redis.kill();
  await expect.poll(() => rig.manager.state).not.toBe('ready');
  const { text } = await ask(createGuide({ manager: rig.manager, docs, paceMs: 0 }), 'is redis up?');
  expect(text).not.toContain('**ready**');
});
