import { createRunMapper, type LogEvent } from '@taproot/chat/protocol';
import { expect, test } from 'vitest';
import { foldChunks } from '../peer/fold.ts';

const RUN = 'r-1';

async function messageOf(
  ...events: (LogEvent | readonly [seq: number, event: LogEvent])[]
): ReturnType<typeof foldChunks> {
  const toChunks = createRunMapper();
  const chunks = events.flatMap((given, index) => {
    const [seq, data] = 'type' in given ? [index + 1, given] : given;
    return toChunks({ seq, run: RUN, at: 1000 + index, data });
  });
  return foldChunks(chunks);
}

const calling: LogEvent = { type: 'model_calling', callId: 'c1', model: 'm' };
const text = (delta: string): LogEvent[] => [
  { type: 'text-start', id: 't' },
  { type: 'text-delta', id: 't', delta },
  { type: 'text-end', id: 't' },
];
const completed = (calls: number = 0): LogEvent => ({
  type: 'model_completed',
  callId: 'c1',
  model: 'm',
  finishReason: calls > 0 ? 'tool-calls' : 'stop',
  usage: { inputTokens: 10, outputTokens: 2 },
  calls: Array.from({ length: calls }, (_, n) => ({ id: `p${n}`, tool: 'x', input: {} })),
});
const texts = (message: Awaited<ReturnType<typeof messageOf>>): string[] =>
  message?.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])) ?? [];

test('the usage of all model calls is in the metadata, also before the run has ended', async () => {
  const open = await messageOf(calling, ...text('a'), completed(), calling, ...text('b'), completed());
  expect(open?.metadata).toEqual({
    run: RUN,
    at: 1000,
    model: 'm',
    finishReason: 'stop',
    usage: { inputTokens: 20, outputTokens: 4 },
  });
  const ended = await messageOf(calling, ...text('a'), completed(), { type: 'run-ended', outcome: 'done' });
  expect(ended?.metadata).toMatchObject({ outcome: 'done', usage: { inputTokens: 10, outputTokens: 2 } });
});

test('what a failed attempt said is taken back, and the problem is told until the next attempt', async () => {
  const failed: LogEvent = {
    type: 'model_failed',
    callId: 'c1',
    error: { code: 'rate-limited', message: 'Slowly', status: 429 },
    retryInMs: 2000,
    supersedes: { from: 2, to: 4 },
  };
  const waiting = await messageOf(calling, ...text('half'), failed);
  expect(texts(waiting)).toEqual([]);
  const life = (message: typeof waiting): unknown =>
    message?.parts.find((part) => part.type === 'data-lifecycle')?.data;
  expect(life(waiting)).toEqual({
    state: 'thinking',
    problem: { code: 'rate-limited', message: 'Slowly', status: 429, retryInMs: 2000 },
  });
  const again = await messageOf(calling, ...text('half'), failed, calling, ...text('whole'), completed());
  expect(texts(again)).toEqual(['whole']);
  expect(life(again)).toEqual({ state: 'thinking' });
});

test('the calls that a model asks for belong to its step, and a takeover of them leaves its text', async () => {
  const executing: LogEvent = { type: 'tool_executing', tool: 'x', callId: 'k', input: {} };
  const message = await messageOf(
    calling,
    ...text('let me see'),
    completed(1),
    executing,
    { type: 'run-resumed', fence: 2, supersedes: { from: 6, to: 6 } },
    executing,
    { type: 'tool_completed', tool: 'x', callId: 'k', output: 1 },
    calling,
    ...text('one'),
    completed(),
  );
  expect(message?.parts.map(({ type }) => type).filter((type) => type !== 'data-lifecycle')).toEqual([
    'step-start',
    'text',
    'dynamic-tool',
    'step-start',
    'text',
  ]);
});
