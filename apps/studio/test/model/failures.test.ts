import { inspect } from 'node:util';
import { eventually } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { chatWith, KEY, QUICK, textOf } from './support/chat.ts';
import { type Reply, silence, startFakeModel, status } from './support/fake-model.ts';
import { begin, calls, cutAfter, data, delta, says } from './support/openai-wire.ts';

const BUSY = {
  error: { message: `Rate limit reached for ${KEY}`, type: 'requests', code: 'rate_limit_exceeded' },
};
const BROKEN = { error: { message: 'internal', type: 'server_error' } };

const hangAfter =
  (word: string): Reply =>
  (response) => {
    begin(response);
    delta(response, { content: word });
  };

const garbage: Reply = (response) => {
  begin(response);
  delta(response, { content: 'well' });
  data(response, '{"choices":[{"delta":{"content":17}}]}');
  data(response, 'nothing like JSON');
  response.end();
};

const errorInStream: Reply = (response) => {
  begin(response);
  delta(response, { content: 'well' });
  data(response, { error: { message: 'overloaded', type: 'server_error', code: 503 } });
  response.end();
};

/** Ends in good order, and too early. */
const endsEarly: Reply = (response) => {
  begin(response);
  delta(response, { content: 'well' });
  response.end();
};

test.each([
  ['a rate limit', status(429, BUSY, { 'retry-after': '0' }), 'rate-limited', 429],
  ['a broken provider', status(500, BROKEN), 'unavailable', 500],
  ['an error page', status(502, '<html>Bad gateway</html>'), 'unavailable', 502],
  ['an answer that is cut', cutAfter('well', ' then'), 'interrupted', undefined],
  ['an answer that ends too early', endsEarly, 'interrupted', undefined],
  ['an answer that is garbled', garbage, 'garbled', undefined],
  ['an error in the middle of the answer', errorInStream, 'unavailable', 503],
  ['a provider that is silent from the start', silence, 'timeout', undefined],
  ['a provider that falls silent', hangAfter('well'), 'timeout', undefined],
])('%s is told in the log, and the model is called again', async (_, reply, code, http) => {
  const model = await startFakeModel(reply, says('Here ', 'I am.'));
  const chat = await chatWith(model, { limits: code === 'timeout' ? QUICK : {} });
  const thread = await chat.ask('are you there?');
  const failures = await chat.eventsOf(thread, 'model_failed');
  expect([failures[0]?.error.code, failures[0]?.error.status]).toEqual([code, http]);
  expect(failures[0]?.retryInMs).toBeGreaterThanOrEqual(0);
  // On a slow machine its next answer may come too late as well.
  if (code !== 'timeout') expect(failures).toHaveLength(1);
  expect(model.requests).toHaveLength(failures.length + 1);
  expect(await chat.eventsOf(thread, 'model_calling')).toHaveLength(failures.length + 1);
  // What was said before the failure is void for readers.
  expect(textOf(await chat.answer(thread))).toBe('Here I am.');
  // A provider that takes too long is not left with an open request.
  if (code === 'timeout') await eventually(() => expect(model.requests[0]?.aborted).toBe(true));
});

test('the time that the provider asks for is waited, and told', async () => {
  const model = await startFakeModel(status(429, BUSY, { 'retry-after': '1' }), says('Now.'));
  const chat = await chatWith(model);
  const thread = await chat.ask('hurry');
  expect(await chat.eventsOf(thread, 'model_failed')).toMatchObject([
    { retryInMs: 1000, error: { code: 'rate-limited', status: 429 } },
  ]);
  const [first, second] = model.requests.map(({ at }) => at);
  // A timer may be early by a millisecond or so.
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(990);
});

test.each([
  ['an hour', { 'retry-after': '3600' }],
  ['a day, as a date', { 'retry-after': new Date(Date.now() + 86_400_000).toUTCString() }],
  ['an hour, to the millisecond', { 'retry-after-ms': '3600000.5', 'retry-after': '1' }],
])('a provider that wants us to wait for %s is not waited for', async (_, headers) => {
  const model = await startFakeModel(status(429, BUSY, headers));
  const chat = await chatWith(model);
  const thread = await chat.ask('hurry', undefined, 'error model');
  expect(model.requests).toHaveLength(1);
  const [failure] = await chat.eventsOf(thread, 'model_failed');
  expect(failure).not.toHaveProperty('retryInMs');
  expect((await chat.eventsOf(thread, 'run-ended'))[0]?.error).toEqual({
    code: 'model',
    message: 'The provider of the model limits how often it is asked (HTTP 429)',
  });
});

test('a provider that never recovers is given up after the retries, and what was said stays', async () => {
  const model = await startFakeModel(cutAfter('well'));
  const chat = await chatWith(model, { limits: { maxRetries: 2 } });
  const thread = await chat.ask('?', undefined, 'error model');
  expect(model.requests).toHaveLength(3);
  const failures = await chat.eventsOf(thread, 'model_failed');
  expect(failures.map(({ retryInMs }) => retryInMs !== undefined)).toEqual([true, true, false]);
  const message = await chat.answer(thread);
  expect(textOf(message)).toBe('well');
  expect(message.metadata?.outcome).toBe('error');
});

test.each([
  [401, 'unauthorized'],
  [403, 'unauthorized'],
  [400, 'refused'],
  [404, 'refused'],
] as const)('after a %i the model is not called again', async (code, problem) => {
  const model = await startFakeModel(status(code, { error: { message: 'no' } }));
  const chat = await chatWith(model);
  const thread = await chat.ask('?', undefined, 'error model');
  expect(model.requests).toHaveLength(1);
  expect((await chat.eventsOf(thread, 'model_failed'))[0]?.error).toMatchObject({
    code: problem,
    status: code,
  });
});

test('a provider that cannot be reached is told as such', async () => {
  const model = await startFakeModel(says('never'));
  const chat = await chatWith(model, { limits: { maxRetries: 1 } });
  await model.close();
  const thread = await chat.ask('?', undefined, 'error model');
  const failures = await chat.eventsOf(thread, 'model_failed');
  expect(failures.map(({ error }) => error.code)).toEqual(['unreachable', 'unreachable']);
});

test.each([
  [
    'the body of a refusal',
    status(401, { error: { message: `Incorrect API key provided: ${KEY}. ${'x'.repeat(10_000)}` } }),
  ],
  ['an endless page', status(500, `${KEY} ${'y'.repeat(5_000_000)}`)],
  [
    'an error in the stream',
    ((response) => {
      begin(response);
      data(response, { error: { message: `bad key ${KEY}`, type: 'authentication_error' } });
      response.end();
    }) satisfies Reply,
  ],
  [
    'garbage',
    ((response) => {
      begin(response);
      data(response, `${KEY} ${'z'.repeat(100_000)}`);
      response.end();
    }) satisfies Reply,
  ],
])(
  'a key in %s gets neither into the log of the thread nor to the operator, and words are bounded',
  async (_, reply) => {
    const model = await startFakeModel(reply);
    const chat = await chatWith(model, { limits: { maxRetries: 0 } });
    const thread = await chat.ask('?', undefined, 'error model');
    const log = JSON.stringify(await chat.events(thread));
    expect(log).not.toContain(KEY);
    expect(log).not.toMatch(/xxx|yyy|zzz|Incorrect/);
    expect(chat.member.errors).toHaveLength(1);
    const told = inspect(chat.member.errors[0], { depth: 10 });
    expect(told).not.toContain(KEY);
    expect(told.length).toBeLessThan(3000);
  },
);

test('a redirect is not followed, so that the key goes nowhere else', async () => {
  const other = await startFakeModel(says('mine!'));
  const model = await startFakeModel(status(307, '', { location: `${other.url}/v1/chat/completions` }));
  const chat = await chatWith(model, { limits: { maxRetries: 0 } });
  await chat.ask('?', undefined, 'error model');
  expect(other.requests).toEqual([]);
});

test('a wait for the provider ends at once when the answer is stopped', async () => {
  const model = await startFakeModel(status(429, BUSY, { 'retry-after': '50' }), says('too late'));
  const chat = await chatWith(model);
  const thread = await chat.send('?');
  await eventually(async () => expect(await chat.eventsOf(thread, 'model_failed')).toHaveLength(1));
  await chat.stop(thread);
  await eventually(() => expect(chat.member.chat.load.runs).toBe(0));
  expect(model.requests).toHaveLength(1);
});

test('a failure in a later step does not repeat the steps before it', async () => {
  const model = await startFakeModel(
    calls({ id: 'call-a', name: 'nothing', arguments: '{}' }),
    status(503, BROKEN, { 'retry-after': '0' }),
    cutAfter('half'),
    says('Whole.'),
  );
  const chat = await chatWith(model);
  const thread = await chat.ask('?');
  expect(model.requests).toHaveLength(4);
  expect(await chat.eventsOf(thread, 'tool_completed')).toHaveLength(1);
  expect(await chat.eventsOf(thread, 'model_completed')).toHaveLength(2);
  expect(textOf(await chat.answer(thread))).toBe('Whole.');
});
