import { expect, test } from 'vitest';
import { type ChatMessage, type Chunk, createRunMapper, type LogEvent } from '../../src/protocol/index.ts';
import { foldChunks } from '../peer/fold.ts';

type Data = LogEvent | readonly Chunk[];

/** Events get seq 1, 2, 3, …; seq 1 is always the user's message. */
async function messageOf(...events: Data[]): Promise<ChatMessage | undefined> {
  const mapper = createRunMapper();
  const all: Data[] = [{ type: 'user-message', id: 'm', parts: [{ type: 'text', text: 'hi' }] }, ...events];
  return foldChunks(all.flatMap((data, i) => mapper({ seq: i + 1, run: 'r', at: 100 + i, data })));
}

const started: LogEvent = { type: 'agent_started', agent: 'guide' };
const thinking: LogEvent = { type: 'agent_thinking' };
const done: LogEvent = { type: 'run-ended', outcome: 'done' };
const executing = (callId: string): LogEvent => ({
  type: 'tool_executing',
  tool: 'keys',
  callId,
  input: { callId },
});
const completed = (callId: string): LogEvent => ({
  type: 'tool_completed',
  tool: 'keys',
  callId,
  output: callId,
});
const text = (id: string, words: string): Chunk[] => [
  { type: 'text-start', id },
  { type: 'text-delta', id, delta: words },
  { type: 'text-end', id },
];
/** Parts as a reader sees them, in short. */
const shown = (message: ChatMessage | undefined): string[] =>
  (message?.parts ?? []).map((part) => {
    if (part.type === 'text' || part.type === 'reasoning') return `${part.type} ${part.text} ${part.state}`;
    if (part.type === 'dynamic-tool') return `${part.toolCallId} ${part.state}`;
    if (part.type === 'data-lifecycle') return `lifecycle ${part.data.state}`;
    return part.type;
  });

test('an answer with a tool becomes two steps, in order, with the lifecycle first', async () => {
  const end: LogEvent = { type: 'agent_completed' };
  const message = await messageOf(
    started,
    thinking,
    executing('a'),
    completed('a'),
    text('t', 'Hello'),
    end,
    done,
  );
  expect(shown(message)).toEqual([
    'lifecycle ended',
    'step-start',
    'a output-available',
    'step-start',
    'text Hello done',
  ]);
  expect(message?.id).toBe('r');
  expect(message?.metadata).toEqual({ run: 'r', outcome: 'done', at: 107 });
  expect(message?.parts[0]).toMatchObject({ data: { state: 'ended', agent: 'guide', outcome: 'done' } });
  expect(message?.parts[2]).toMatchObject({ toolName: 'keys', input: { callId: 'a' }, output: 'a' });
});

test('calls that overlap share a step', async () => {
  const message = await messageOf(
    started,
    executing('a'),
    executing('b'),
    completed('b'),
    completed('a'),
    done,
  );
  expect(shown(message)).toEqual([
    'lifecycle ended',
    'step-start',
    'a output-available',
    'b output-available',
  ]);
});

test('a tool that fails shows its error', async () => {
  const failed: LogEvent = { type: 'tool_completed', tool: 'keys', callId: 'a', error: 'no such key' };
  const message = await messageOf(started, executing('a'), failed, done);
  expect(message?.parts[2]).toMatchObject({ state: 'output-error', errorText: 'no such key' });
});

test('text that a takeover superseded vanishes, and completed tools stay', async () => {
  const message = await messageOf(
    started,
    executing('a'), // 3
    completed('a'), // 4
    [{ type: 'text-start', id: 't' }], // 5
    { type: 'text-delta', id: 't', delta: 'The old' }, // 6
    { type: 'run-resumed', fence: 2, supersedes: { from: 5, to: 6 } },
    text('t', 'The new'),
    done,
  );
  expect(shown(message)).toEqual([
    'lifecycle ended',
    'step-start',
    'a output-available',
    'step-start',
    'text The new done',
  ]);
});

test('of a step that a takeover cut, what was before the cut stays and an interrupted call comes again', async () => {
  const message = await messageOf(
    started,
    text('t', 'Let me see.'), // 3
    executing('a'), // 4
    executing('b'), // 5
    completed('a'), // 6
    [{ type: 'text-start', id: 'u' }], // 7
    { type: 'run-resumed', fence: 2, supersedes: { from: 7, to: 7 } },
    executing('b'),
    completed('b'),
    text('u', 'So.'),
    done,
  );
  expect(shown(message)).toEqual([
    'lifecycle ended',
    'step-start',
    'text Let me see. done',
    'a output-available',
    'b output-available',
    'step-start',
    'text So. done',
  ]);
});

test('a takeover between two steps takes nothing back', async () => {
  const resumed: LogEvent = { type: 'run-resumed', fence: 2 };
  const message = await messageOf(started, executing('a'), completed('a'), resumed, text('t', 'Yes'), done);
  expect(shown(message)).toEqual([
    'lifecycle ended',
    'step-start',
    'a output-available',
    'step-start',
    'text Yes done',
  ]);
});

test('takeovers one after another leave only the last text', async () => {
  const message = await messageOf(
    started,
    text('t', 'one'), // 3
    { type: 'run-resumed', fence: 2, supersedes: { from: 3, to: 3 } }, // 4
    text('t', 'two'), // 5
    { type: 'run-resumed', fence: 3, supersedes: { from: 5, to: 5 } },
    text('t', 'three'),
    done,
  );
  expect(shown(message)).toEqual(['lifecycle ended', 'step-start', 'text three done']);
});

test('a takeover before the start shows nothing of itself', async () => {
  const message = await messageOf({ type: 'run-resumed', fence: 2 }, started, text('t', 'Hi'), done);
  expect(shown(message)).toEqual(['lifecycle ended', 'step-start', 'text Hi done']);
});

test('a run that ends in the middle closes its text and its calls', async () => {
  const message = await messageOf(
    started,
    [{ type: 'reasoning-start', id: 'q' }],
    [{ type: 'text-start', id: 't' }],
    { type: 'text-delta', id: 't', delta: 'Half' },
    executing('a'),
    { type: 'run-ended', outcome: 'orphaned', error: { code: 'max-takeovers', message: 'gone' } },
  );
  expect(shown(message)).toEqual([
    'lifecycle ended',
    'step-start',
    'reasoning  done',
    'text Half done',
    'a output-error',
  ]);
  expect(message?.parts[0]).toMatchObject({
    data: { outcome: 'orphaned', error: { code: 'max-takeovers' } },
  });
});

test('a run that ends before its agent started has a message that says so', async () => {
  const error = { code: 'queue-deadline', message: 'waited too long' } as const;
  const message = await messageOf({ type: 'run-ended', outcome: 'error', error });
  expect(shown(message)).toEqual(['lifecycle ended']);
  expect(message?.metadata).toEqual({ run: 'r', outcome: 'error', at: 101 });
});

test('a failed run never makes an error chunk, which would block the chat', () => {
  const mapper = createRunMapper();
  const chunks = mapper({ seq: 1, run: 'r', data: { type: 'run-ended', outcome: 'error' } });
  expect(chunks.map(({ type }) => type)).toEqual(['start', 'data-lifecycle', 'finish']);
  expect(chunks.at(-1)).toMatchObject({ finishReason: 'error' });
});

test('events whose beginning is missing are left out instead of making AI SDK throw', async () => {
  const mapper = createRunMapper();
  const late: Data[] = [
    { type: 'text-delta', id: 't', delta: 'x' },
    { type: 'text-end', id: 't' },
    completed('a'),
  ];
  expect(late.flatMap((data, i) => mapper({ seq: i + 5, run: 'r', data }))).toEqual([]);
});

test('nothing of a run follows its end', () => {
  const mapper = createRunMapper();
  mapper({ seq: 1, run: 'r', data: done });
  expect(mapper({ seq: 2, run: 'r', data: started })).toEqual([]);
});

test('any order of any events gives chunks that AI SDK takes', async () => {
  const alphabet: Data[] = [
    started,
    thinking,
    executing('a'),
    executing('b'),
    completed('a'),
    completed('b'),
    text('t', 'x'),
    { type: 'text-start', id: 't' },
    { type: 'text-delta', id: 't', delta: 'y' },
    { type: 'text-end', id: 't' },
    { type: 'reasoning-start', id: 't' },
    { type: 'reasoning-end', id: 't' },
    { type: 'source-url', sourceId: 's', url: 'https://example.org' },
    { type: 'run-resumed', fence: 2, supersedes: { from: 4, to: 9 } },
    { type: 'run-resumed', fence: 3 },
    { type: 'agent_completed' },
  ];
  for (let round = 0; round < 300; round++) {
    const events = Array.from(
      { length: 12 },
      () => alphabet[Math.floor(Math.random() * alphabet.length)] ?? done,
    );
    const message = await messageOf(...events, done);
    const open = shown(message).filter((part) => / (streaming|input-available)$/.test(part));
    expect(open, JSON.stringify(events)).toEqual([]);
  }
});
