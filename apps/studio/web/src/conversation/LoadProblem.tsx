import type { ChatClientError } from '@taproot/chat/client';
import type { ReactElement } from 'react';
import { goTo } from '../app/route.ts';
import { Icon } from '../ui/Icon.tsx';

interface LoadProblemProps {
  /** `wiped`: Redis lost it. */
  readonly cause: 'deleted' | 'wiped' | 'missing' | 'failed';
  readonly error: ChatClientError | undefined;
  readonly onReload: () => void;
}

/** Instead of a conversation that was deleted, never was, or could not be read. */
export function LoadProblem({ cause, error, onReload }: LoadProblemProps): ReactElement {
  return (
    <div className="empty" data-testid="load-problem" role="alert">
      <span className="empty-mark">
        <Icon name="warning" size={28} />
      </span>
      <h2>{TITLES[cause]}</h2>
      <p>{cause === 'failed' ? error?.message : REASONS[cause]}</p>
      <div className="question-buttons">
        {cause === 'failed' && (
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

const TITLES = {
  deleted: 'This chat was deleted',
  wiped: 'This chat is gone',
  missing: 'There is no such chat',
  failed: 'This chat could not be loaded',
} as const;

const REASONS = {
  deleted: 'It is gone in every tab.',
  wiped: 'Redis lost its data.',
  missing: 'It may have been deleted, Redis may have lost it, or it belongs to somebody else.',
} as const;
