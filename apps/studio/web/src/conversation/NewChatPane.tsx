import { type ReactElement, useSyncExternalStore } from 'react';
import type { NewChat } from '../outbox/new-chat.ts';
import { EmptyState } from './EmptyState.tsx';
import { Scroll } from './Scroll.tsx';
import { UserMessage } from './UserMessage.tsx';

interface NewChatPaneProps {
  readonly newChat: NewChat;
  readonly paused: string | undefined;
  readonly onEdit: (text: string) => void;
}

/** A chat without a thread yet: suggestions, then the messages that wait for the thread to be created. */
export function NewChatPane({ newChat, paused, onEdit }: NewChatPaneProps): ReactElement {
  const waiting = useSyncExternalStore(newChat.subscribe, newChat.waiting);
  const edit = (id: string, text: string) => {
    newChat.discard(id);
    onEdit(text);
  };
  return (
    <Scroll lastSaid={waiting.at(-1)?.id}>
      {waiting.length === 0 && <EmptyState onAsk={newChat.send} />}
      {waiting.map((item) => (
        <UserMessage
          key={item.id}
          id={item.id}
          text={item.text}
          pending={item}
          offline={paused !== undefined}
          onDiscard={newChat.discard}
          onEdit={edit}
        />
      ))}
    </Scroll>
  );
}
