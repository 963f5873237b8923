import type { ChatMessage } from '@taproot/chat/protocol';
import type { PendingItem } from '@taproot/chat/react';
import type { ReactElement } from 'react';
import { AssistantMessage } from './AssistantMessage.tsx';
import { UserMessage } from './UserMessage.tsx';

interface MessagesProps {
  readonly messages: readonly ChatMessage[];
  readonly pending: readonly PendingItem[];
  readonly paused: string | undefined;
  readonly onDiscard: (id: string) => void;
  readonly onEdit: (id: string, text: string) => void;
}

/** The conversation, then what is on its way; in one list, so that a message keeps its place on the page when it arrives. */
export function Messages({ messages, pending, paused, onDiscard, onEdit }: MessagesProps): ReactElement[] {
  const asked = new Map(
    messages.map(({ role, metadata }) => [role === 'user' ? metadata?.run : undefined, metadata?.at]),
  );
  const stored = messages.map((message) =>
    message.role === 'user' ? (
      <UserMessage key={message.id} id={message.id} text={textOf(message.parts)} />
    ) : (
      <AssistantMessage key={message.id} message={message} askedAt={asked.get(message.id)} paused={paused} />
    ),
  );
  const waiting = pending.map((item) => (
    <UserMessage
      key={item.id}
      id={item.id}
      text={item.text}
      pending={item}
      offline={paused !== undefined}
      onDiscard={onDiscard}
      onEdit={onEdit}
    />
  ));
  return [...stored, ...waiting];
}

function textOf(parts: ChatMessage['parts']): string {
  return parts.flatMap((part) => (part.type === 'text' ? part.text : [])).join('\n');
}
