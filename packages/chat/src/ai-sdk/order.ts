import type { ChatTransport } from 'ai';
import { ChatClientError } from '../client/index.ts';
import type { ChatMessage } from '../protocol/index.ts';

type SendOptions = Parameters<ChatTransport<ChatMessage>['sendMessages']>[0];

/** What `useChat` asks of its transport, in the protocol's terms. */
export type Order =
  | { readonly type: 'send'; readonly id: string; readonly text: string }
  /** `of` is the id in the chat, which keeps it after an edit. */
  | { readonly type: 'edit'; readonly of: string; readonly text: string }
  | { readonly type: 'regenerate'; readonly of: string };

/** Throws `not-supported` for what is no message of plain text. */
export function orderOf({ trigger, messageId, messages }: SendOptions): Order {
  const message = messages.at(-1);
  if (message?.role === 'user') {
    // AI SDK has cut off the answer, so the question is last.
    if (trigger === 'regenerate-message') return { type: 'regenerate', of: message.id };
    const parts = message.parts.flatMap((part) => (part.type === 'text' ? part.text : []));
    const text = parts.join('\n');
    if (parts.length > 0 && parts.length === message.parts.length) {
      return messageId === undefined
        ? { type: 'send', id: message.id, text }
        : { type: 'edit', of: message.id, text };
    }
  }
  throw new ChatClientError('not-supported', 'Only messages of plain text can be sent', { applied: 'no' });
}
