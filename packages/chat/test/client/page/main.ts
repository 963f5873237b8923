import { createChatClient } from '@taproot/chat/client';

/** What the test says to a page. */
interface Page {
  chat: ReturnType<typeof createChatClient>;
  storage: unknown[];
}

const page = globalThis as unknown as Page;
page.chat = createChatClient({ url: location.origin, backoff: { minMs: 5, maxMs: 50 } });
page.storage = [];
page.chat.on('storage', (state) => page.storage.push(state));
