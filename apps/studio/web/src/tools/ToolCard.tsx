import type { DynamicToolUIPart } from 'ai';
import type { ReactElement } from 'react';
import { Icon } from '../ui/Icon.tsx';
import { Approval } from './Approval.tsx';
import { Value } from './Value.tsx';

type ToolState = 'running' | 'asking' | 'done' | 'denied' | 'failed';

interface ToolCardProps {
  readonly part: DynamicToolUIPart;
  readonly live: boolean;
  /** Allows or refuses the call. */
  readonly onAnswer: (callId: string, approve: boolean) => void;
}

/** One call of a tool: a line that unfolds into its input and its output, and asks where the user has to allow it. */
export function ToolCard({ part, live, onAnswer }: ToolCardProps): ReactElement {
  const state = toolState(part, live);
  const card = (
    <details
      className="tool"
      data-tool={part.toolName}
      data-state={state}
      data-call-id={part.toolCallId}
      open={state === 'asking' || undefined}
    >
      <summary>
        <span className="tool-mark">
          {state === 'running' ? <span className="spinner" /> : <Icon name={ICONS[state]} size={15} />}
        </span>
        <span className="tool-name">{part.toolName}</span>
        <span className="tool-state">{WORDS[state]}</span>
        <span className="tool-chevron">
          <Icon name="chevron" size={15} />
        </span>
      </summary>
      <div className="tool-body">
        <Value name="Input" value={part.input} />
        {state === 'done' && <Value name="Output" value={part.output} />}
        {state === 'failed' && (
          <Value name="Error" value={part.errorText ?? 'The answer ended before the tool did.'} />
        )}
      </div>
    </details>
  );
  if (state !== 'asking') return card;
  return (
    <section className="tool-question" aria-label={`Allow ${part.toolName}?`}>
      {card}
      <Approval part={part} onAnswer={onAnswer} />
    </section>
  );
}

const WORDS = {
  running: 'running',
  asking: 'waits for you',
  done: 'done',
  denied: 'not allowed',
  failed: 'failed',
} as const;
const ICONS = { asking: 'key', done: 'check', denied: 'close', failed: 'warning' } as const;

/** A call without a result is running only while its run is; after that it never will have one. */
function toolState(part: DynamicToolUIPart, live: boolean): ToolState {
  if (part.state === 'output-available') return 'done';
  if (part.state === 'output-denied') return 'denied';
  if (part.state === 'output-error') return 'failed';
  if (part.state === 'approval-requested' && live) return 'asking';
  return live ? 'running' : 'failed';
}
