import type { ReactElement, ReactNode } from 'react';
import { Icon } from './Icon.tsx';

interface NoticeProps {
  readonly tone: 'info' | 'warning' | 'error';
  readonly children: ReactNode;
  readonly onDismiss?: () => void;
  readonly testId?: string;
}

/** A short plain statement in a coloured box; `onDismiss` gives it a close button. */
export function Notice({ tone, children, onDismiss, testId }: NoticeProps): ReactElement {
  return (
    <div className="notice" data-tone={tone} data-testid={testId} role={tone === 'info' ? 'note' : 'alert'}>
      <Icon name={tone === 'info' ? 'refresh' : 'warning'} size={16} />
      <div>{children}</div>
      {onDismiss && (
        <button type="button" className="icon-button" aria-label="Dismiss" onClick={onDismiss}>
          <Icon name="close" size={15} />
        </button>
      )}
    </div>
  );
}
