import {
  type ChatClient,
  ChatClientError,
  DEFAULT_BACKOFF,
  fullJitter,
  type MessagesPage,
} from '../client/index.ts';
import type { ChatMessage } from '../protocol/index.ts';

export interface History {
  /** Messages whose runs have ended. */
  readonly conversation: readonly ChatMessage[];
  /** Messages of the user whose runs have not started, in the order of their runs. */
  readonly waiting: readonly ChatMessage[];
  readonly position: { readonly seq: number; readonly chain: string };
}

/** The newest page; tries again until the server gives it or says that it never will. */
export async function loadHistory(client: ChatClient, thread: string, signal: AbortSignal): Promise<History> {
  for (let attempt = 0; ; attempt++) {
    try {
      return historyOf(await client.getMessages(thread, { signal }));
    } catch (error) {
      if (signal.aborted || !(error instanceof ChatClientError) || !passes(error)) throw error;
      await pause(client, Math.max(error.retryAfterMs ?? 0, fullJitter(attempt, DEFAULT_BACKOFF)), signal);
    }
  }
}

/** A user's message whose run has not started is not part of the conversation yet: others may be answered before it. */
export function historyOf({ messages, waiting, seq, chain }: MessagesPage): History {
  const answered = messages.findLastIndex(({ role }) => role === 'assistant');
  const ids = new Set(waiting?.map(({ id }) => id) ?? messages.slice(answered + 1).map(({ id }) => id));
  return {
    conversation: messages.filter(({ id }) => !ids.has(id)),
    waiting: messages.filter(({ id }) => ids.has(id)),
    position: { seq, chain },
  };
}

function passes({ code, status = 0 }: ChatClientError): boolean {
  return (
    code === 'network' ||
    code === 'redis-unavailable' ||
    code === 'internal' ||
    status === 429 ||
    status > 501
  );
}

/** Shorter when the server or Redis comes back. */
export function pause(client: ChatClient, waitMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, waitMs);
  const off = client.on('connection', ({ socket, redis }) => {
    if (client.closed || (socket === 'open' && redis === 'ready')) resolve();
  });
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(() => {
    clearTimeout(timer);
    off();
  });
}
