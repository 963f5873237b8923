import type { ChatMessage } from '@taproot/chat/protocol';
import { memo, type ReactElement } from 'react';
import { Markdown } from '../markdown/Markdown.tsx';
import { ToolCard } from '../tools/ToolCard.tsx';
import { CopyButton } from '../ui/CopyButton.tsx';
import { Notice } from '../ui/Notice.tsx';
import { RunEnd } from './RunEnd.tsx';
import { RunLine } from './RunLine.tsx';
import { runView } from './run-view.ts';

interface AssistantMessageProps {
  readonly message: ChatMessage;
  readonly askedAt: number | undefined;
  readonly paused: string | undefined;
}

/** One answer: how its run goes, its tool calls, its text, and how it ended if not well. */
export const AssistantMessage = memo(function AssistantMessage({
  message,
  askedAt,
  paused,
}: AssistantMessageProps): ReactElement {
  const run = runView(message, askedAt);
  const live = run.outcome === undefined;

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
      {message.parts.map((part, index) => {
        if (part.type === 'dynamic-tool') return <ToolCard key={part.toolCallId} part={part} live={live} />;
        // Parts are only added at the end or taken back from there, so the index is their identity.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        if (part.type === 'text') return <Markdown key={index} text={part.text} streaming={live} />;
        return undefined;
      })}
      {!live && <RunEnd run={run} />}
      {!live && textOf(message) && (
        <div className="message-actions">
          <CopyButton label="Copy answer" text={() => textOf(message)} />
        </div>
      )}
    </article>
  );
});

function textOf(message: ChatMessage): string {
  return message.parts.flatMap((part) => (part.type === 'text' ? part.text : [])).join('\n\n');
}
