import { modelTool } from '@taproot/chat/agents';
import { eventually } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { chatWith, KEY, textOf } from './support/chat.ts';
import { type RequestMessage, startFakeModel } from './support/fake-model.ts';
import { answer, begin, calls, delta, finish, says } from './support/openai-wire.ts';

/** Adds numbers, and remembers under which step it did. */
function adder(): { readonly keys: string[]; readonly tools: Record<'add', ReturnType<typeof modelTool>> } {
  const keys: string[] = [];
  const add = modelTool({
    description: 'Adds two numbers',
    inputSchema: z.object({ a: z.number(), b: z.number() }),
    async execute({ a, b }, { stepKey }) {
      keys.push(stepKey);
      return { sum: a + b };
    },
  });
  return { keys, tools: { add } };
}

const results = (messages: readonly RequestMessage[] = []): unknown[] =>
  messages.filter(({ role }) => role === 'tool').map(({ content }) => content);

test('an answer is streamed into the log, with its reasoning and its usage', async () => {
  const model = await startFakeModel(
    answer([
      { reasoning_content: 'Hm. ' },
      { reasoning_content: 'Yes.' },
      { content: 'Hello ' },
      { content: 'Ada' },
    ]),
  );
  const chat = await chatWith(model, { instructions: 'Be kind.' });
  const thread = await chat.ask('hello?');
  const message = await chat.answer(thread);
  expect(textOf(message)).toBe('Hello Ada');
  expect(message.parts).toContainEqual(expect.objectContaining({ type: 'reasoning', text: 'Hm. Yes.' }));
  expect(message.metadata).toMatchObject({
    model: 'fake-1',
    finishReason: 'stop',
    usage: { inputTokens: 11, outputTokens: 7, reasoningTokens: 3, cachedInputTokens: 2 },
  });
  const [request] = model.requests;
  expect(request?.path).toBe('/v1/chat/completions');
  expect(request?.headers.authorization).toBe(`Bearer ${KEY}`);
  expect(request?.body).toMatchObject({
    stream: true,
    messages: [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'hello?' },
    ],
  });
});

test('a text arrives in the log while the model still speaks', async () => {
  const gate = Promise.withResolvers<void>();
  const model = await startFakeModel(async (response) => {
    begin(response);
    delta(response, { content: 'first' });
    await gate.promise;
    delta(response, { content: ' second' });
    finish(response, 'stop');
  });
  const chat = await chatWith(model);
  const thread = await chat.send('slowly, please');
  await eventually(async () => {
    const deltas = await chat.eventsOf(thread, 'text-delta');
    expect(deltas.map((event) => event.delta)).toEqual(['first']);
  });
  expect(await chat.eventsOf(thread, 'run-ended')).toEqual([]);
  gate.resolve();
  await eventually(async () => expect(await chat.eventsOf(thread, 'run-ended')).toHaveLength(1));
});

test('tools are executed as steps of the run, side by side, and the model is told of their results', async () => {
  const model = await startFakeModel(
    calls(
      { id: 'call-a', name: 'add', arguments: '{"a":1,"b":2}' },
      { id: 'call-b', name: 'add', arguments: '{"a":3,"b":4}' },
    ),
    calls({ id: 'call-c', name: 'add', arguments: '{"a":3,"b":7}' }),
    says('Ten.'),
  );
  const { keys, tools } = adder();
  const chat = await chatWith(model, { tools });
  const thread = await chat.ask('1 + 2 + 3 + 4?');
  expect(textOf(await chat.answer(thread))).toBe('Ten.');
  const completed = await chat.eventsOf(thread, 'tool_completed');
  expect(completed.map(({ output }) => output)).toEqual([{ sum: 3 }, { sum: 7 }, { sum: 10 }]);
  expect(new Set(keys).size).toBe(3);
  expect(model.requests).toHaveLength(3);
  expect(results(model.requests[2]?.body.messages)).toEqual(['{"sum":3}', '{"sum":7}', '{"sum":10}']);
  const asked = model.requests[2]?.body.messages.flatMap(({ tool_calls = [] }) =>
    tool_calls.map(({ id }) => id),
  );
  expect(asked).toEqual(['call-a', 'call-b', 'call-c']);
  expect((await chat.answer(thread)).metadata?.usage).toMatchObject({ inputTokens: 33, outputTokens: 21 });
});

test('a call whose pieces are cut in odd places is put together', async () => {
  const wire = '{"a": 40, "b": 2, "note": "ä\\u00e4 \\"x\\""}';
  const pieces = [...wire].map((letter) => ({ tool_calls: [{ index: 0, function: { arguments: letter } }] }));
  const model = await startFakeModel(
    answer(
      [
        { tool_calls: [{ index: 0, id: 'call-a', type: 'function', function: { arguments: '' } }] },
        { tool_calls: [{ index: 0, function: { name: 'add', arguments: '' } }] },
        ...pieces,
      ],
      'tool_calls',
    ),
    says('42'),
  );
  const chat = await chatWith(model, adder());
  const thread = await chat.ask('40 + 2?');
  expect((await chat.eventsOf(thread, 'tool_completed'))[0]).toMatchObject({
    tool: 'add',
    output: { sum: 42 },
  });
});

test.each([
  ['a tool that does not exist', 'subtract', '{"a":1,"b":2}', /unavailable tool 'subtract'/],
  ['arguments that are no JSON', 'add', '{"a":1,"b"', /Invalid input for tool add/],
  ['arguments of the wrong form', 'add', '{"a":"one"}', /Invalid input for tool add/],
])('%s: the model is told, and goes on', async (_, name, args, reason) => {
  const model = await startFakeModel(calls({ id: 'call-a', name, arguments: args }), says('Sorry.'));
  const { keys, tools } = adder();
  const chat = await chatWith(model, { tools });
  const thread = await chat.ask('?');
  expect(textOf(await chat.answer(thread))).toBe('Sorry.');
  expect((await chat.eventsOf(thread, 'tool_completed'))[0]?.error).toMatch(reason);
  expect(results(model.requests[1]?.body.messages)).toEqual([expect.stringMatching(reason)]);
  expect(keys).toEqual([]);
});

test('in the last of its steps a model must answer, and calls that it asks for nevertheless are not executed', async () => {
  const model = await startFakeModel(calls({ id: 'call-a', name: 'add', arguments: '{"a":1,"b":2}' }));
  const { keys, tools } = adder();
  const chat = await chatWith(model, { tools, limits: { maxSteps: 3 } });
  await chat.ask('on and on');
  expect(model.requests.map(({ body }) => body.tool_choice)).toEqual(['auto', 'auto', 'none']);
  expect(keys).toHaveLength(2);
});

test('a model that asks for more calls at once than it may gets the first ones', async () => {
  const wanted = [1, 2, 3].map((n) => ({ id: `call-${n}`, name: 'add', arguments: `{"a":${n},"b":0}` }));
  const model = await startFakeModel(calls(...wanted), says('done'));
  const { keys, tools } = adder();
  const chat = await chatWith(model, { tools, limits: { maxCalls: 2 } });
  const thread = await chat.ask('?');
  expect(keys).toHaveLength(2);
  const errors = (await chat.eventsOf(thread, 'tool_completed')).flatMap(({ error }) => error ?? []);
  expect(errors).toEqual(['Too many calls at once']);
});

test('an answer without end is cut off at its bound, and the request with it', async () => {
  const model = await startFakeModel(async (response, request) => {
    begin(response);
    for (let n = 0; n < 100_000 && !request.aborted; n++) {
      delta(response, { content: 'ö'.repeat(1000) });
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  const chat = await chatWith(model, { limits: { maxAnswerBytes: 100_001 } });
  const thread = await chat.ask('all you know');
  const message = await chat.answer(thread);
  expect(textOf(message)).toBe('ö'.repeat(50_000));
  expect(message.metadata?.finishReason).toBe('length');
  await eventually(() => expect(model.requests[0]?.aborted).toBe(true));
});

test('a call in an answer that is cut off by the token limit is not executed', async () => {
  const model = await startFakeModel(
    answer(
      [
        {
          tool_calls: [
            { index: 0, id: 'c', type: 'function', function: { name: 'add', arguments: '{"a":1,"b":2}' } },
          ],
        },
      ],
      'length',
    ),
  );
  const { keys, tools } = adder();
  const chat = await chatWith(model, { tools, limits: { maxOutputTokens: 5 } });
  const thread = await chat.ask('?');
  expect(keys).toEqual([]);
  expect((await chat.answer(thread)).metadata?.finishReason).toBe('length');
  expect(model.requests[0]?.body.max_tokens).toBe(5);
});

test('the model is given as much of the conversation as fits, the newest whole turns, and results in short', async () => {
  const big = modelTool({
    description: 'Tells much',
    inputSchema: z.object({}),
    execute: async () => 'x'.repeat(50_000),
  });
  const model = await startFakeModel(
    says('one'),
    says('two'),
    calls({ id: 'call-a', name: 'big', arguments: '{}' }),
    says('three'),
    says('four'),
  );
  const limits = { maxPromptBytes: 3000, maxResultBytes: 500 };
  const chat = await chatWith(model, { tools: { big }, limits });
  const thread = await chat.ask('first '.repeat(400));
  for (const [index, text] of ['second', 'third', 'fourth'].entries()) {
    await chat.send(text, { thread });
    await eventually(async () => expect(await chat.eventsOf(thread, 'run-ended')).toHaveLength(index + 2), {
      timeoutMs: 20_000,
    });
  }
  const last = model.requests.at(-1)?.body.messages ?? [];
  expect(last.filter(({ role }) => role === 'user').map(({ content }) => content)).toEqual([
    'second',
    'third',
    'fourth',
  ]);
  expect(last[1]).toMatchObject({ role: 'assistant', content: 'two' });
  expect(results(last)).toEqual([expect.stringMatching(/^x{500}… \[the first 500 of 50000 bytes\]$/)]);
  expect(results(model.requests[3]?.body.messages)).toEqual(results(last));
});

test('a stopped answer aborts its request, keeps what was said, and the next one is answered', async () => {
  const model = await startFakeModel((response) => {
    begin(response);
    delta(response, { content: 'once upon' });
  }, says('Yes.'));
  const chat = await chatWith(model);
  const thread = await chat.send('a story');
  await eventually(async () => expect(await chat.eventsOf(thread, 'text-delta')).toHaveLength(1));
  await chat.stop(thread);
  await eventually(() => expect(model.requests[0]?.aborted).toBe(true));
  await chat.send('still there?', { thread });
  await eventually(async () => {
    const ended = await chat.eventsOf(thread, 'run-ended');
    expect(ended.map(({ outcome }) => outcome)).toEqual(['stopped', 'done']);
  });
  const said = (await chat.eventsOf(thread, 'text-delta')).map((event) => event.delta);
  expect(said).toEqual(['once upon', 'Yes.']);
});

test('a tool that needs approval waits for the user, and the model is not called again for it', async () => {
  const model = await startFakeModel(
    calls({ id: 'call-a', name: 'pay', arguments: '{"amount":5}' }),
    says('Paid.'),
  );
  const paid: number[] = [];
  const pay = modelTool({
    description: 'Pays',
    inputSchema: z.object({ amount: z.number() }),
    needsApproval: true,
    idempotent: false,
    execute: async ({ amount }) => paid.push(amount),
  });
  const chat = await chatWith(model, { tools: { pay } });
  for (const approve of [true, false]) {
    model.reply(calls({ id: 'call-a', name: 'pay', arguments: '{"amount":5}' }), says('Well.'));
    const before = model.requests.length;
    const thread = await chat.send('pay 5');
    await eventually(async () => expect(await chat.eventsOf(thread, 'tool_waiting')).toHaveLength(1));
    await chat.approve(thread, approve);
    await eventually(async () =>
      expect(await chat.eventsOf(thread, 'run-ended')).toMatchObject([{ outcome: 'done' }]),
    );
    expect(model.requests.length - before).toBe(2);
    expect(results(model.requests.at(-1)?.body.messages)).toEqual(
      approve ? ['1'] : ['The user did not allow this'],
    );
    // Of a turn that is over the next one is told without the question.
    model.reply(says('Next.'));
    await chat.send('and now?', { thread });
    await eventually(async () => expect(await chat.eventsOf(thread, 'run-ended')).toHaveLength(2));
    expect(model.requests.at(-1)?.body.messages).toHaveLength(5);
  }
  expect(paid).toEqual([5]);
});
