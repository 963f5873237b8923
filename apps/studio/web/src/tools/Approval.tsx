import type { DynamicToolUIPart } from 'ai';
import { type ReactElement, useState } from 'react';
import { useNow } from '../ui/use-now.ts';

interface ApprovalProps {
  readonly part: DynamicToolUIPart;
  readonly onAnswer: (callId: string, approve: boolean) => void;
}

/** Asks whether a call may be executed, for as long as the run waits for it. */
export function Approval({ part, onAnswer }: ApprovalProps): ReactElement {
  const expiresAt = expiryOf(part);
  const now = useNow(expiresAt === undefined ? undefined : 1000);
  const [said, setSaid] = useState<boolean>();
  const left = expiresAt === undefined ? undefined : Math.max(0, Math.ceil((expiresAt - now) / 1000));
  const answer = (approve: boolean) => {
    setSaid(approve);
    onAnswer(part.toolCallId, approve);
  };
  return (
    <div className="approval">
      <p>
        <strong>Allow {part.toolName}?</strong>{' '}
        {left === 0 ? (
          'The time to answer is over.'
        ) : (
          <>
            It runs only if you allow it.
            {left !== undefined && (
              // Not spoken each second.
              <span className="approval-left" aria-hidden="true" data-testid="approval-left">
                {clock(left)} left
              </span>
            )}
          </>
        )}
      </p>
      <div className="approval-buttons">
        <button
          type="button"
          className="button primary"
          data-testid="approve"
          disabled={said !== undefined || left === 0}
          onClick={() => answer(true)}
        >
          {said === true ? 'Allowing…' : 'Allow'}
        </button>
        <button
          type="button"
          className="button"
          data-testid="deny"
          disabled={said !== undefined || left === 0}
          onClick={() => answer(false)}
        >
          {said === false ? 'Refusing…' : 'Refuse'}
        </button>
      </div>
    </div>
  );
}

/** When nobody can answer any more, by the clock of Redis, which is near enough to this one. */
function expiryOf({ approval }: DynamicToolUIPart): number | undefined {
  const descriptor = approval?.descriptor;
  if (typeof descriptor !== 'object' || descriptor === null || !('expiresAt' in descriptor)) return undefined;
  return typeof descriptor.expiresAt === 'number' ? descriptor.expiresAt : undefined;
}

function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
