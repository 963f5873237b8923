import { expect, test } from 'vitest';
import type { ChatMessage } from '../../src/protocol/index.ts';
import { SentMessages } from '../../src/react/sent-messages.ts';

function question(id: string, run?: string): ChatMessage {
  const message: ChatMessage = { id, role: 'user', parts: [{ type: 'text', text: id }] };
  return run === undefined ? message : { ...message, metadata: { run } };
}

function ids(sent: SentMessages): string[] {
  return sent.pending([]).map(({ id }) => id);
}

test('a message that joined the conversation stays known for one more run, as pages draw late', () => {
  const sent = new SentMessages();
  sent.queued(question('a', 'r1'));
  sent.queued(question('b', 'r2'));
  expect(sent.takeFor('r1')?.id).toBe('a');
  expect(ids(sent)).toEqual(['a', 'b']);
  expect(sent.takeFor('r2')?.id).toBe('b');
  expect(ids(sent)).toEqual(['b']);
});

test('a run whose message is not told answers the first that waits', () => {
  const sent = new SentMessages();
  sent.restart([question('a'), question('b')], []);
  expect(sent.takeFor('r1')?.id).toBe('a');
  expect(sent.takeFor('r2')?.id).toBe('b');
  expect(sent.takeFor('r3')).toBeUndefined();
});

test('an unsent message comes after those that wait, and is not shown twice', () => {
  const sent = new SentMessages();
  sent.queued(question('a', 'r1'));
  const outbox = ['a', 'b'].map((id) => {
    const command = { type: 'send', thread: 't', id, text: id } as const;
    return { thread: 't', id, text: id, state: 'retrying' as const, command };
  });
  expect(sent.pending(outbox)).toEqual([
    { id: 'a', text: 'a', state: 'waiting' },
    { id: 'b', text: 'b', state: 'retrying' },
  ]);
});
