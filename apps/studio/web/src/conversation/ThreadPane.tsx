import type { ChatClient } from '@taproot/chat/client';
import { useThread } from '@taproot/chat/react';
import { type ReactElement, useEffect } from 'react';
import { AssistantMessage } from './AssistantMessage.tsx';
import { EmptyState } from './EmptyState.tsx';
import { LoadProblem } from './LoadProblem.tsx';
import { ResetBanner } from './ResetBanner.tsx';
import { Scroll } from './Scroll.tsx';
import { UserMessage } from './UserMessage.tsx';

interface ThreadPaneProps {
  readonly client: ChatClient;
  readonly thread: string;
  readonly paused: string | undefined;
  readonly onAsk: (text: string) => void;
  readonly onEdit: (text: string) => void;
  /** A run started or ended: the list of threads may read differently now. */
  readonly onActivity: () => void;
}

/** The conversation of one thread, with what is still on its way at the end. */
export function ThreadPane({
  client,
  thread,
  paused,
  onAsk,
  onEdit,
  onActivity,
}: ThreadPaneProps): ReactElement {
  const { messages, pending, status, notice, error, deleted, discard, dismissNotice, reload } = useThread(
    client,
    thread,
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new status is the activity
  useEffect(onActivity, [status, onActivity]);

  if (deleted || (status === 'error' && error)) {
    return <LoadProblem deleted={deleted} error={error} onReload={reload} />;
  }
  const askedAt = new Map(
    messages.map(({ role, metadata }) => [role === 'user' ? metadata?.run : undefined, metadata?.at]),
  );
  const shown = new Set(messages.map(({ id }) => id));
  const waiting = pending.filter(({ id }) => !shown.has(id));
  const said = waiting.at(-1)?.id ?? messages.findLast(({ role }) => role === 'user')?.id;
  const edit = (id: string, text: string) => {
    discard(id);
    onEdit(text);
  };
  return (
    <>
      {notice && <ResetBanner notice={notice} onDismiss={dismissNotice} />}
      <Scroll thread={thread} lastSaid={said}>
        {status === 'loading' && messages.length === 0 && (
          <p className="loading">Loading the conversation…</p>
        )}
        {status === 'idle' && messages.length + waiting.length === 0 && <EmptyState onAsk={onAsk} />}
        {messages.map((message) =>
          message.role === 'user' ? (
            <UserMessage key={message.id} id={message.id} text={textOf(message.parts)} />
          ) : (
            <AssistantMessage
              key={message.id}
              message={message}
              askedAt={askedAt.get(message.id)}
              paused={paused}
            />
          ),
        )}
        {waiting.map((item) => (
          <UserMessage
            key={item.id}
            id={item.id}
            text={item.text}
            pending={item}
            onDiscard={discard}
            onEdit={edit}
          />
        ))}
      </Scroll>
    </>
  );
}

function textOf(parts: readonly { readonly type: string; readonly text?: string }[]): string {
  return parts.flatMap(({ type, text }) => (type === 'text' && text !== undefined ? text : [])).join('\n');
}
