import type { PendingItem } from '@taproot/chat/react';
import { memo, type ReactElement, useState } from 'react';
import { Icon } from '../ui/Icon.tsx';
import { EditMessage } from './EditMessage.tsx';

interface UserMessageProps {
  readonly id: string;
  readonly text: string;
  /** How far the message has come; undefined once it is part of the conversation. */
  readonly pending?: Pick<PendingItem, 'state' | 'error'> | undefined;
  /** Nothing is being sent at the moment, whatever the outbox is about to try. */
  readonly offline?: boolean;
  readonly onDiscard?: (id: string) => void;
  readonly onEdit?: (id: string, text: string) => void;
  /** Puts another text in its place, and so cuts off what followed; absent while that cannot be. */
  readonly onRewrite?: ((id: string, text: string) => void) | undefined;
  /** Keeps a message that waits from being answered. */
  readonly onStop?: (id: string) => void;
}

/** What the user said, and while it is on its way, what becomes of it. */
export const UserMessage = memo(function UserMessage({
  id,
  text,
  pending,
  offline = false,
  onDiscard,
  onEdit,
  onRewrite,
  onStop,
}: UserMessageProps): ReactElement {
  const [editing, setEditing] = useState(false);
  const state = offline && pending?.state === 'sending' ? 'retrying' : (pending?.state ?? 'stored');
  return (
    <article
      className="message user"
      aria-label="You"
      data-role="user"
      data-message-id={id}
      data-state={state}
    >
      {editing && onRewrite ? (
        <EditMessage
          text={text}
          onCancel={() => setEditing(false)}
          onSave={(next) => {
            setEditing(false);
            onRewrite(id, next);
          }}
        />
      ) : (
        <div className="bubble">{text}</div>
      )}
      {state === 'stored' && onRewrite && !editing && (
        <div className="message-actions">
          <button
            type="button"
            className="quiet-button"
            data-testid="edit"
            aria-label="Edit message"
            onClick={() => setEditing(true)}
          >
            <Icon name="pencil" size={15} />
            Edit
          </button>
        </div>
      )}
      {state !== 'stored' && state !== 'refused' && (
        <p className="message-state">
          <Icon name="clock" size={13} />
          {WORDS[state]}
          {state === 'waiting' && onStop && (
            <button type="button" className="quiet-button" onClick={() => onStop(id)}>
              Stop
            </button>
          )}
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
  stopped: 'Stopped before its turn',
} as const;
