import type { ChatMessage } from '@taproot/chat/protocol';
import type { PendingItem } from '@taproot/chat/react';
import type { ReactElement } from 'react';
import { AssistantMessage } from './AssistantMessage.tsx';
import type { ThreadActions } from './thread-actions.ts';
import { UserMessage } from './UserMessage.tsx';

interface MessagesProps {
  readonly messages: readonly ChatMessage[];
  readonly pending: readonly PendingItem[];
  readonly paused: string | undefined;
  readonly onDiscard: (id: string) => void;
  readonly onEdit: (id: string, text: string) => void;
  /** The thread is at rest: it can be cut off and answered anew. */
  readonly atRest: boolean;
  /** The run whose stop was asked for. */
  readonly stopping: string | undefined;
  readonly actions: ThreadActions;
}

/** The conversation, then what is on its way; in one list, so that a message keeps its place on the page when it arrives. */
export function Messages({
  messages,
  pending,
  paused,
  onDiscard,
  onEdit,
  atRest,
  stopping,
  actions,
}: MessagesProps): ReactElement[] {
  const asked = new Map(
    messages.map(({ role, metadata }) => [role === 'user' ? metadata?.run : undefined, metadata?.at]),
  );
  const stored = messages.map((message, index) =>
    message.role === 'user' ? (
      <UserMessage
        key={message.id}
        id={message.id}
        text={textOf(message.parts)}
        onRewrite={atRest ? actions.edit : undefined}
      />
    ) : (
      <AssistantMessage
        key={message.id}
        message={message}
        askedAt={asked.get(message.id)}
        paused={paused}
        stopping={stopping === message.id}
        again={atRest ? messages[index - 1]?.id : undefined}
        actions={actions}
      />
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
      onStop={actions.stop}
    />
  ));
  return [...stored, ...waiting];
}

function textOf(parts: ChatMessage['parts']): string {
  return parts.flatMap((part) => (part.type === 'text' ? part.text : [])).join('\n');
}
