import type { DynamicToolUIPart } from 'ai';
import type { ReactElement } from 'react';
import { Icon } from '../ui/Icon.tsx';
import { Value } from './Value.tsx';

type ToolState = 'running' | 'done' | 'failed';

/** One call of a tool: a line that unfolds into its input and its output. */
export function ToolCard({
  part,
  live,
}: {
  readonly part: DynamicToolUIPart;
  readonly live: boolean;
}): ReactElement {
  const state = toolState(part, live);
  return (
    <details className="tool" data-tool={part.toolName} data-state={state} data-call-id={part.toolCallId}>
      <summary>
        <span className="tool-mark">
          {state === 'running' ? (
            <span className="spinner" />
          ) : (
            <Icon name={state === 'done' ? 'check' : 'warning'} size={15} />
          )}
        </span>
        <span className="tool-name">{part.toolName}</span>
        <span className="tool-state">{state}</span>
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
}

/** A call without a result is running only while its run is; after that it never will have one. */
function toolState(part: DynamicToolUIPart, live: boolean): ToolState {
  if (part.state === 'output-available') return 'done';
  if (part.state === 'output-error' || part.state === 'output-denied') return 'failed';
  return live ? 'running' : 'failed';
}
