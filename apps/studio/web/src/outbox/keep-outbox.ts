import type { ChatClient } from '@taproot/chat/client';
import type { CommandFrame } from '@taproot/chat/protocol';
import { readList, writeList } from './session-list.ts';

const KEY = 'taproot:outbox';

/**
 * Lets what the server has not accepted survive a reload of this tab: it is sent again under its ids, so what had been
 * stored after all is stored once.
 */
export function keepOutbox(client: ChatClient): void {
  for (const command of readList(KEY, isCommand)) {
    // How it goes is seen in the outbox; a refusal is shown there.
    client.submit(command).accepted.catch(() => undefined);
  }
  client.on('outbox', (entries) =>
    writeList(
      KEY,
      entries.map(({ command }) => command),
    ),
  );
}

/** The server checks the rest. */
function isCommand(value: unknown): value is CommandFrame {
  if (typeof value !== 'object' || value === null) return false;
  const { type, thread } = value as { type?: unknown; thread?: unknown };
  return typeof type === 'string' && typeof thread === 'string';
}
