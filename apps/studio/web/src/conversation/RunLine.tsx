import type { ReactElement } from 'react';
import { Icon } from '../ui/Icon.tsx';
import { duration } from './duration.ts';
import { RunSteps } from './RunSteps.tsx';
import type { RunView } from './run-view.ts';

interface RunLineProps {
  readonly run: RunView;
  /** Why nothing moves at the moment, for instance because Redis is away. */
  readonly paused: string | undefined;
}

/** The line above an answer: its steps while it is made, then one folded line that unfolds into the events. */
export function RunLine({ run, paused }: RunLineProps): ReactElement {
  const ended = run.outcome !== undefined;
  return (
    <details className="run-line" data-testid="run-line" data-phase={ended ? run.outcome : run.phase}>
      <summary>
        {ended ? <Summary run={run} /> : <RunSteps run={run} paused={paused} />}
        <span className="run-chevron">
          <Icon name="chevron" size={14} />
        </span>
      </summary>
      <ol className="run-events">
        {events(run).map(({ key, name, note }) => (
          <li key={key}>
            <code>{name}</code> {note}
          </li>
        ))}
      </ol>
    </details>
  );
}

const OUTCOMES = {
  done: 'completed',
  stopped: 'stopped',
  error: 'ended with an error',
  orphaned: 'given up',
} as const;

function Summary({ run }: { readonly run: RunView }): ReactElement {
  const { outcome = 'done', tools, ms, model, tokens } = run;
  const facts = [
    OUTCOMES[outcome],
    tools.length > 0 && `${tools.length} ${tools.length === 1 ? 'tool' : 'tools'}`,
    ms !== undefined && duration(ms),
    model,
    tokens && `${tokens.toLocaleString('en')} tokens`,
  ];
  return (
    <span className="run-summary" data-outcome={outcome}>
      <Icon name={outcome === 'done' ? 'check' : 'warning'} size={14} />
      <span>{facts.filter(Boolean).join(' · ')}</span>
    </span>
  );
}

function events(run: RunView): { key: string; name: string; note: string | undefined }[] {
  const tools = run.tools.flatMap((tool) => {
    const executing = { key: `${tool.toolCallId}:in`, name: 'tool_executing', note: tool.toolName };
    if (tool.state === 'output-available')
      return [executing, { key: `${tool.toolCallId}:out`, name: 'tool_completed', note: tool.toolName }];
    if (tool.state !== 'output-error') return [executing];
    return [
      executing,
      { key: `${tool.toolCallId}:out`, name: 'tool_completed', note: `${tool.toolName}, failed` },
    ];
  });
  const before = run.seen.filter((name) => name === 'agent_started' || name === 'agent_thinking');
  const rows = before.map((name) => ({
    key: name as string,
    name: name as string,
    note: name === 'agent_started' ? run.agent : undefined,
  }));
  const after = run.seen.includes('agent_completed')
    ? [{ key: 'agent_completed', name: 'agent_completed', note: undefined }]
    : [];
  const end = run.outcome ? [{ key: 'run-ended', name: 'run-ended', note: run.outcome as string }] : [];
  return [...rows, ...tools, ...after, ...end];
}
