import type { ChatMessage } from '@taproot/chat/protocol';
import { memo, type ReactElement, useCallback } from 'react';
import { Markdown } from '../markdown/Markdown.tsx';
import { ToolCard } from '../tools/ToolCard.tsx';
import { CopyButton } from '../ui/CopyButton.tsx';
import { Icon } from '../ui/Icon.tsx';
import { Notice } from '../ui/Notice.tsx';
import { duration } from './duration.ts';
import { Reasoning } from './Reasoning.tsx';
import { RunEnd } from './RunEnd.tsx';
import { RunLine } from './RunLine.tsx';
import { runView } from './run-view.ts';
import type { ThreadActions } from './thread-actions.ts';

interface AssistantMessageProps {
  readonly message: ChatMessage;
  readonly askedAt: number | undefined;
  readonly paused: string | undefined;
  readonly stopping: boolean;
  /** The question that is answered anew; absent while that cannot be. */
  readonly again: string | undefined;
  readonly actions: ThreadActions;
}

/** One answer: how its run goes, its tool calls, its text, and how it ended if not well. */
export const AssistantMessage = memo(function AssistantMessage({
  message,
  askedAt,
  paused,
  stopping,
  again,
  actions,
}: AssistantMessageProps): ReactElement {
  const run = runView(message, askedAt);
  const live = run.outcome === undefined;
  const answer = useCallback(
    (callId: string, approve: boolean) => actions.answer(message.id, callId, approve),
    [actions, message.id],
  );

  return (
    <article
      className="message assistant"
      aria-label="Answer"
      aria-busy={live}
      data-role="assistant"
      data-message-id={message.id}
      data-lifecycle={run.seen.join(' ')}
      data-outcome={run.outcome}
    >
      <RunLine run={run} paused={live ? paused : undefined} />
      {run.resumed && (
        <Notice tone="info">The server restarted; the answer continued from its last recorded step.</Notice>
      )}
      {live && run.problem && (
        <Notice tone="warning" testId="model-problem">
          {run.problem.message} It is asked again in {duration(run.problem.retryInMs)}.
        </Notice>
      )}
      {message.parts.map((part, index) => {
        if (part.type === 'dynamic-tool')
          return <ToolCard key={part.toolCallId} part={part} live={live} onAnswer={answer} />;
        if (part.type === 'reasoning') {
          const streaming = live && index === message.parts.length - 1;
          // biome-ignore lint/suspicious/noArrayIndexKey: see below
          return <Reasoning key={index} text={part.text} streaming={streaming} />;
        }
        // Parts are only added at the end or taken back from there, so the index is their identity.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        if (part.type === 'text') return <Markdown key={index} text={part.text} streaming={live} />;
        return undefined;
      })}
      {message.metadata?.cut && (
        <Notice tone="info">This answer was too long to be kept whole; its beginning is shown.</Notice>
      )}
      {!live && <RunEnd run={run} />}
      {live ? (
        <div className="message-actions">
          <button
            type="button"
            className="quiet-button"
            data-testid="stop"
            aria-label={stopping ? 'Stopping… this answer' : 'Stop this answer'}
            disabled={stopping}
            onClick={() => actions.stop()}
          >
            <Icon name="close" size={15} />
            {stopping ? 'Stopping…' : 'Stop'}
          </button>
        </div>
      ) : (
        <div className="message-actions">
          {textOf(message) && <CopyButton label="Copy answer" text={() => textOf(message)} />}
          {again !== undefined && (
            <button
              type="button"
              className="quiet-button"
              data-testid="regenerate"
              aria-label="Regenerate this answer"
              onClick={() => actions.regenerate(again)}
            >
              <Icon name="refresh" size={15} />
              Regenerate
            </button>
          )}
        </div>
      )}
    </article>
  );
});

function textOf(message: ChatMessage): string {
  return message.parts.flatMap((part) => (part.type === 'text' ? part.text : [])).join('\n\n');
}
