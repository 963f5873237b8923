import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDocsIndex, createGuide } from '../../src/guide/index.ts';
import type { RedisReader } from '../../src/guide/redis/reader.ts';
import { TOPICS } from '../../src/guide/topics/index.ts';
import { type Rig, startRig } from './support/redis.ts';
import { ask, OPERATOR, VISITOR } from './support/run.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.close());

const docs = createDocsIndex([
  { source: 'docs/x.md#a', heading: 'Add a topic to the guide', trail: [], body: 'Like this.' },
]);
const elsewhere: RedisReader = {
  call: () => Promise.reject(new Error('a recorded step must not read again')),
  health: () => {
    throw new Error('a recorded step must not look again');
  },
};
const questions = [
  ...TOPICS.map((topic) => topic.examples[0]),
  'connections, latency and the weather',
  'asdf qwer',
];

test.each(
  questions.flatMap((question) => [OPERATOR, VISITOR].map((user) => ({ question, user, as: user.name }))),
)('the same results give the same text: $question ($as)', async ({ question, user }) => {
  const first = await ask(createGuide({ manager: rig.manager, docs, paceMs: 0 }), question, { user });
  const again = await ask(
    createGuide({ manager: elsewhere, docs: createDocsIndex([]), paceMs: 0 }),
    question,
    {
      user,
      recorded: first.steps,
    },
  );
  expect(again.text).toBe(first.text);
  expect(again.chunks).toEqual(first.chunks);
  expect(again.steps).toEqual(first.steps);
});

test('a takeover between two tools goes on with the second', async () => {
  const guide = createGuide({ manager: rig.manager, docs, paceMs: 0 });
  const first = await ask(guide, 'memory and latency');
  const resumed = await ask(guide, 'memory and latency', { recorded: first.steps.slice(0, 1) });
  expect(resumed.steps.map(({ tool }) => tool)).toEqual(['read_memory', 'measure_latency']);
  expect(resumed.steps[0]).toEqual(first.steps[0]);
});

test('a recorded failure is part of the answer, and the other tools still answer', async () => {
  const failed = { tool: 'read_memory', input: {}, error: 'Redis `went` away' };
  const { text } = await ask(createGuide({ manager: rig.manager, docs, paceMs: 0 }), 'memory and latency', {
    recorded: [failed],
  });
  expect(text).toContain("the tool `read_memory` failed with `Redis 'went' away`");
  expect(text).toContain('Redis answers a `PING`');
});
