import type { ReactElement } from 'react';
import { Icon } from '../ui/Icon.tsx';
import type { RunView } from './run-view.ts';

interface Step {
  readonly name: string;
  readonly label: string;
  readonly state: 'past' | 'now' | 'next';
}

/** A running answer as a row of small steps: started → thinking → using a tool → answering → completed. */
export function RunSteps({
  run,
  paused,
}: {
  readonly run: RunView;
  readonly paused: string | undefined;
}): ReactElement {
  return (
    <span className="run-steps" data-paused={paused !== undefined}>
      {stepsOf(run).map((step) => (
        <span key={step.name} className="run-step" data-state={step.state}>
          <span className="run-dot">{step.state === 'past' && <Icon name="check" size={11} />}</span>
          <span className="run-label">
            {step.state === 'now' && paused ? `Paused: ${paused}` : step.label}
          </span>
        </span>
      ))}
    </span>
  );
}

const ORDER: readonly RunView['phase'][] = ['started', 'thinking', 'using', 'answering', 'completed'];

function stepsOf(run: RunView): Step[] {
  const now = ORDER.indexOf(run.phase);
  const steps = ORDER.map((phase, index): Step => {
    const state = index === now ? 'now' : index < now ? 'past' : 'next';
    return { name: phase, label: labelOf(phase, run), state };
  });
  // An answer that needed no tool did not pass that step.
  return steps.filter(({ name, state }) => name !== 'using' || state !== 'past' || run.tools.length > 0);
}

function labelOf(phase: RunView['phase'], run: RunView): string {
  switch (phase) {
    case 'started':
      return 'Started';
    case 'thinking':
      return 'Thinking';
    case 'using':
      if (run.using?.state === 'approval-requested') return 'Waits for you';
      if (run.using) return `Using ${run.using.toolName}`;
      return run.tools.length === 0
        ? 'Tools'
        : `${run.tools.length} ${run.tools.length === 1 ? 'tool' : 'tools'} used`;
    case 'answering':
      return 'Answering';
    case 'completed':
      return 'Completed';
  }
}
