import type { ConnectionState } from '@taproot/chat/client';
import type { ReactElement } from 'react';
import { Icon } from '../ui/Icon.tsx';
import { useNow } from '../ui/use-now.ts';
import { ConnectionDetails } from './ConnectionDetails.tsx';
import { LOOKS, type PillState } from './describe.ts';

interface ConnectionPillProps {
  readonly connection: ConnectionState;
  readonly state: PillState;
  /** When the next attempt starts, by the local clock. */
  readonly retryAt: number | undefined;
  readonly onTryNow: () => void;
}

/** The state of the connection in colour, icon and words; a click shows the details. Its box never changes size. */
export function ConnectionPill({ connection, state, retryAt, onTryNow }: ConnectionPillProps): ReactElement {
  const seconds = useSecondsUntil(retryAt);
  const look = LOOKS[state];
  return (
    <>
      <button
        type="button"
        className="pill"
        data-testid="connection-pill"
        data-state={state}
        popoverTarget="connection-details"
        aria-label={`Connection: ${look.label}. Details`}
      >
        <Icon name={look.icon} size={15} />
        <span className="pill-label">{look.label}</span>
        {seconds !== undefined && (
          <span className="pill-count" aria-hidden="true">
            {seconds} s
          </span>
        )}
      </button>
      {/* Without the countdown, which a screen reader would speak every second. */}
      <span className="visually-hidden" role="status" aria-live="polite">
        {look.label}
      </span>
      <ConnectionDetails connection={connection} state={state} seconds={seconds} onTryNow={onTryNow} />
    </>
  );
}

function useSecondsUntil(at: number | undefined): number | undefined {
  const now = useNow(at === undefined ? undefined : 250);
  return at === undefined ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}
