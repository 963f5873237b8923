import type { ReactElement } from 'react';
import { Notice } from '../ui/Notice.tsx';
import type { RunView } from './run-view.ts';

/** Says plainly how a run ended that did not end well; nothing for one that did. */
export function RunEnd({ run }: { readonly run: RunView }): ReactElement | undefined {
  switch (run.outcome) {
    case 'error':
      return (
        <Notice tone="error">
          <strong>This answer ended with an error.</strong> {sentence(run.error?.message)} What had arrived is
          kept.
        </Notice>
      );
    case 'orphaned':
      return (
        <Notice tone="error">
          <strong>This answer was given up.</strong>{' '}
          {sentence(run.error?.message ?? 'its worker died too many times')} Ask again to start anew.
        </Notice>
      );
    case 'stopped':
      return <Notice tone="info">Stopped. What had arrived is kept.</Notice>;
    default:
      return undefined;
  }
}

/** An error's message among sentences: with a capital and a full stop. */
function sentence(message = ''): string {
  const text = message.trim();
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text === '' || /[.!?]$/.test(text) ? '' : '.'}`;
}
