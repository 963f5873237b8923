import type { ChatClient } from '@taproot/chat/client';
import { readList, writeList } from './session-list.ts';

const KEY = 'taproot:outbox';

interface Kept {
  readonly thread: string;
  readonly id: string;
  readonly text: string;
}

/**
 * Lets unaccepted messages survive a reload of this tab: they are sent again under their ids, so one that had been
 * stored after all is stored once.
 */
export function keepOutbox(client: ChatClient): void {
  for (const { thread, id, text } of readList(KEY, isKept)) {
    // How it goes is seen in the outbox; a refusal is shown there.
    client.send(thread, text, { id }).accepted.catch(() => undefined);
  }
  client.on('outbox', (entries) =>
    writeList(
      KEY,
      entries.map(({ thread, id, text }) => ({ thread, id, text })),
    ),
  );
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null) return false;
  const { thread, id, text } = value as Partial<Record<keyof Kept, unknown>>;
  return typeof thread === 'string' && typeof id === 'string' && typeof text === 'string';
}
