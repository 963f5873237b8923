import type { PendingItem } from '@taproot/chat/react';
import { memo, type ReactElement } from 'react';
import { Icon } from '../ui/Icon.tsx';

interface UserMessageProps {
  readonly id: string;
  readonly text: string;
  /** How far the message has come; undefined once it is part of the conversation. */
  readonly pending?: Pick<PendingItem, 'state' | 'error'> | undefined;
  /** Nothing is being sent at the moment, whatever the outbox is about to try. */
  readonly offline?: boolean;
  readonly onDiscard?: (id: string) => void;
  readonly onEdit?: (id: string, text: string) => void;
}

/** What the user said, and while it is on its way, what becomes of it. */
export const UserMessage = memo(function UserMessage({
  id,
  text,
  pending,
  offline = false,
  onDiscard,
  onEdit,
}: UserMessageProps): ReactElement {
  const state = offline && pending?.state === 'sending' ? 'retrying' : (pending?.state ?? 'stored');
  return (
    <article
      className="message user"
      aria-label="You"
      data-role="user"
      data-message-id={id}
      data-state={state}
    >
      <div className="bubble">{text}</div>
      {state !== 'stored' && state !== 'refused' && (
        <p className="message-state">
          <Icon name="clock" size={13} />
          {WORDS[state]}
        </p>
      )}
      {state === 'refused' && (
        <div className="message-refused" role="alert">
          <p>
            <Icon name="warning" size={14} /> Not sent: {pending?.error?.message ?? 'the server refused it'}
          </p>
          <button type="button" className="quiet-button" onClick={() => onEdit?.(id, text)}>
            Edit
          </button>
          <button type="button" className="quiet-button" onClick={() => onDiscard?.(id)}>
            Discard
          </button>
        </div>
      )}
    </article>
  );
});

const WORDS = {
  sending: 'Sending…',
  retrying: 'Waiting: will be sent when the connection is back',
  waiting: 'Sent: waits for the answer before it',
} as const;
