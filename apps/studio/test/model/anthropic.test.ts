import { modelTool } from '@taproot/chat/agents';
import { eventually } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { endsAfter, message, overloadedAfter, text, thinking, toolUse } from './support/anthropic-wire.ts';
import { agentFor, chatWith, KEY, textOf } from './support/chat.ts';
import { startFakeModel, status } from './support/fake-model.ts';

const provider = 'anthropic';

test('Anthropic: thinking, a tool and an answer, and its own signature goes back to it', async () => {
  const model = await startFakeModel(
    message(
      'tool_use',
      thinking('Adding.', 'sig-1'),
      text('Let me ', 'see.'),
      toolUse('tu_1', 'add', '{"a":1', ',"b":2}'),
    ),
    message('end_turn', text('Three.')),
  );
  const add = modelTool({
    description: 'Adds two numbers',
    inputSchema: z.object({ a: z.number(), b: z.number() }),
    execute: async ({ a, b }) => a + b,
  });
  const chat = await chatWith(model, { provider, tools: { add }, instructions: 'Be kind.' });
  const thread = await chat.ask('1 + 2?');
  const answer = await chat.answer(thread);
  expect(textOf(answer)).toBe('Let me see.Three.');
  expect(answer.parts).toContainEqual(expect.objectContaining({ type: 'reasoning', text: 'Adding.' }));
  expect(answer.parts).toContainEqual(expect.objectContaining({ type: 'dynamic-tool', output: 3 }));
  expect(answer.metadata).toMatchObject({
    finishReason: 'stop',
    usage: { inputTokens: 22, outputTokens: 14 },
  });
  const [first, second] = model.requests;
  expect(first?.path).toBe('/v1/messages');
  expect(first?.headers['x-api-key']).toBe(KEY);
  expect(second?.body.messages.slice(1)).toEqual([
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Adding.', signature: 'sig-1' },
        { type: 'text', text: 'Let me see.' },
        { type: 'tool_use', id: 'tu_1', name: 'add', input: { a: 1, b: 2 } },
      ],
    },
    {
      role: 'user',
      content: [expect.objectContaining({ type: 'tool_result', tool_use_id: 'tu_1', content: '3' })],
    },
  ]);
});

test.each([
  ['overloaded in the middle', overloadedAfter(text('well')), 'unavailable'],
  [
    'overloaded at once',
    status(529, { type: 'error', error: { type: 'overloaded_error', message: 'no' } }),
    'unavailable',
  ],
  ['cut off', endsAfter(text('well')), 'interrupted'],
])('Anthropic: %s is told, and the model is called again', async (_, reply, code) => {
  const model = await startFakeModel(reply, message('end_turn', text('Here.')));
  const chat = await chatWith(model, { provider });
  const thread = await chat.ask('?');
  expect((await chat.eventsOf(thread, 'model_failed')).map(({ error }) => error.code)).toEqual([code]);
  expect(textOf(await chat.answer(thread))).toBe('Here.');
});

test('after a takeover the signature comes from the log', async () => {
  const model = await startFakeModel(
    message('tool_use', thinking('Hm.', 'sig-2'), toolUse('tu_1', 'wait', '{}')),
    message('end_turn', text('Done.')),
  );
  const gate = Promise.withResolvers<void>();
  const began: string[] = [];
  const wait = modelTool({
    description: 'Waits',
    inputSchema: z.object({}),
    async execute() {
      began.push('wait');
      if (began.length === 1) await gate.promise;
      return 'waited';
    },
  });
  const chat = await chatWith(model, { provider, tools: { wait } });
  const thread = await chat.send('wait');
  await eventually(async () =>
    expect([began, await chat.events(thread)]).toEqual([['wait'], expect.anything()]),
  );
  await chat.member.manager.close();
  const heir = await chat.with(await agentFor(model, { provider, tools: { wait } }));
  await heir.endLease(thread);
  await heir.ended(thread, 'done');
  gate.resolve();
  expect(model.requests).toHaveLength(2);
  expect(model.requests[1]?.body.messages[1]?.content).toEqual([
    { type: 'thinking', thinking: 'Hm.', signature: 'sig-2' },
    { type: 'tool_use', id: 'tu_1', name: 'wait', input: {} },
  ]);
});
