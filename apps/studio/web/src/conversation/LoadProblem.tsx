import type { ChatClientError } from '@taproot/chat/client';
import type { ReactElement } from 'react';
import { goTo } from '../app/route.ts';
import { Icon } from '../ui/Icon.tsx';

interface LoadProblemProps {
  readonly deleted: boolean;
  readonly error: ChatClientError | undefined;
  readonly onReload: () => void;
}

/** Instead of a conversation that was deleted, never was, or could not be read. */
export function LoadProblem({ deleted, error, onReload }: LoadProblemProps): ReactElement {
  const missing = deleted || error?.code === 'not-found' || error?.status === 404;
  return (
    <div className="empty" data-testid="load-problem" role="alert">
      <span className="empty-mark">
        <Icon name="warning" size={28} />
      </span>
      <h2>
        {deleted
          ? 'This chat was deleted'
          : missing
            ? 'There is no such chat'
            : 'This chat could not be loaded'}
      </h2>
      <p>
        {deleted
          ? 'It is gone in every tab.'
          : missing
            ? 'It may have been deleted, or it belongs to somebody else.'
            : error?.message}
      </p>
      <div className="question-buttons">
        {!missing && (
          <button type="button" className="button" onClick={onReload}>
            Load again
          </button>
        )}
        <button type="button" className="button" onClick={() => goTo(undefined, 'replace')}>
          New chat
        </button>
      </div>
    </div>
  );
}
