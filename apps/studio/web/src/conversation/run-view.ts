import type { ChatMessage, LifecycleData, RunError, RunOutcome } from '@taproot/chat/protocol';
import type { DynamicToolUIPart } from 'ai';

/** The five events of an agent's life, in the order in which they come. */
export type LifecycleName =
  | 'agent_started'
  | 'agent_thinking'
  | 'tool_executing'
  | 'tool_completed'
  | 'agent_completed';

/** What a run's message tells about the run. */
export interface RunView {
  readonly seen: readonly LifecycleName[];
  readonly phase: 'started' | 'thinking' | 'using' | 'answering' | 'completed';
  readonly agent: string | undefined;
  readonly tools: readonly DynamicToolUIPart[];
  /** The call that runs now. */
  readonly using: DynamicToolUIPart | undefined;
  readonly resumed: boolean;
  /** Undefined while the run goes on. */
  readonly outcome: RunOutcome | undefined;
  readonly error: RunError | undefined;
  /** Why the model is waited for. */
  readonly problem: LifecycleData['problem'];
  readonly model: string | undefined;
  /** Of the model, for question and answer. */
  readonly tokens: number | undefined;
  readonly ms: number | undefined;
}

/** `askedAt`: when the question was stored, by the same clock as the message's own `at`. */
export function runView(message: ChatMessage, askedAt?: number): RunView {
  const life = message.parts.find((part) => part.type === 'data-lifecycle')?.data;
  const tools = message.parts.filter((part) => part.type === 'dynamic-tool');
  const using = tools.findLast((tool) => !isSettled(tool));
  const answering = message.parts.some((part) => part.type === 'text');
  const { at, outcome, model, usage } = message.metadata ?? {};
  const seen = seenEvents(life, tools, answering);
  return {
    seen,
    phase: phaseOf(seen, using !== undefined, lastContent(message) === 'text'),
    agent: life?.agent,
    tools,
    using,
    resumed: life?.resumed !== undefined,
    outcome: outcome ?? life?.outcome,
    error: life?.error,
    problem: life?.problem,
    model,
    tokens: usage && (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0),
    // Once the run has ended, `at` is its end.
    ms: outcome !== undefined && at !== undefined && askedAt !== undefined ? at - askedAt : undefined,
  };
}

/** Each event follows from what the message holds, so the list reads the same live and after a reload. */
function seenEvents(
  life: LifecycleData | undefined,
  tools: readonly DynamicToolUIPart[],
  answering: boolean,
): LifecycleName[] {
  const completed = life?.state === 'completed' || life?.outcome === 'done';
  const thinking = completed || life?.state === 'thinking' || answering || tools.length > 0;
  const seen: LifecycleName[] = [];
  if (thinking || life?.agent !== undefined) seen.push('agent_started');
  if (thinking) seen.push('agent_thinking');
  if (tools.length > 0) seen.push('tool_executing');
  if (tools.some(isSettled)) seen.push('tool_completed');
  if (completed) seen.push('agent_completed');
  return seen;
}

function phaseOf(seen: readonly LifecycleName[], using: boolean, answering: boolean): RunView['phase'] {
  if (seen.includes('agent_completed')) return 'completed';
  if (using) return 'using';
  if (answering) return 'answering';
  if (seen.includes('tool_completed')) return 'using';
  return seen.includes('agent_thinking') ? 'thinking' : 'started';
}

function lastContent(message: ChatMessage): string | undefined {
  return message.parts.findLast((part) => part.type === 'text' || part.type === 'dynamic-tool')?.type;
}

function isSettled(tool: DynamicToolUIPart): boolean {
  return ['output-available', 'output-error', 'output-denied'].includes(tool.state);
}
