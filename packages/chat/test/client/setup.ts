import { onTestFinished } from 'vitest';
import { type ChatClient, type ChatClientOptions, createChatClient } from '../../src/client/index.ts';
import type { EventFrame } from '../../src/protocol/index.ts';
import type { Peer } from '../peer/peer.ts';

/** A client with short waits that ends with the test. */
export function clientOf(peer: Peer, options: Partial<ChatClientOptions> = {}): ChatClient {
  const client = createChatClient({ url: peer.url, backoff: { minMs: 5, maxMs: 50 }, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** What a listener has after taking each event and each reset. */
export function applied(client: ChatClient, thread: string): EventFrame[] {
  const events: EventFrame[] = [];
  const view = client.thread(thread);
  view.on('reset', ({ seq }) => {
    events.splice(0, events.length, ...events.filter((event) => event.seq <= seq));
  });
  view.on('event', (event) => events.push(event));
  return events;
}
