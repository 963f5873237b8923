import type { ResetNotice } from '@taproot/chat/react';
import type { ReactElement } from 'react';
import { Notice } from '../ui/Notice.tsx';

/** Says what the server's history lost. Lies over the conversation, so that nothing moves. */
export function ResetBanner({
  notice,
  onDismiss,
}: {
  readonly notice: ResetNotice;
  readonly onDismiss: () => void;
}): ReactElement {
  return (
    <div className="banner" data-reason={notice.reason}>
      <Notice tone="warning" testId="reset-banner" onDismiss={onDismiss}>
        {sentence(notice)}
      </Notice>
    </div>
  );
}

function sentence({ reason, lost }: ResetNotice): string {
  const events = lost ? `the last ${count(lost.to - lost.from + 1)}` : 'events';
  switch (reason) {
    case 'rollback':
      return `Redis lost ${events} of this chat. You see what it still has; lost messages of yours are sent again.`;
    case 'wiped':
      return `Redis lost everything of this chat${lost ? ` (${count(lost.to - lost.from + 1)})` : ''}. What you wrote and was not answered stays here, to be copied.`;
    case 'trimmed':
      return 'Older events of this chat are no longer kept one by one; the conversation was loaded anew.';
  }
}

function count(events: number): string {
  return events === 1 ? 'event' : `${events} events`;
}
