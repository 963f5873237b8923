import type { ChatClient } from '@taproot/chat/client';
import { type PendingItem, useThread } from '@taproot/chat/react';
import { type ReactElement, type Ref, useEffect, useImperativeHandle } from 'react';
import type { FirstMessage } from '../outbox/new-chat.ts';
import { EmptyState } from './EmptyState.tsx';
import { LoadProblem } from './LoadProblem.tsx';
import { Messages } from './Messages.tsx';
import { ResetBanner } from './ResetBanner.tsx';
import { Scroll } from './Scroll.tsx';

/** The way from the composer into the conversation. */
export interface ThreadPaneHandle {
  readonly send: (text: string) => void;
}

interface ThreadPaneProps {
  readonly ref: Ref<ThreadPaneHandle>;
  readonly client: ChatClient;
  readonly thread: string;
  /** What the thread was begun with on this page. */
  readonly begun: readonly FirstMessage[];
  readonly paused: string | undefined;
  readonly onEdit: (text: string) => void;
  /** A run started or ended: the list of threads may read differently now. */
  readonly onActivity: () => void;
}

/** The conversation of one thread, with what is still on its way at the end. */
export function ThreadPane({
  ref,
  client,
  thread,
  begun,
  paused,
  onEdit,
  onActivity,
}: ThreadPaneProps): ReactElement {
  const handle = useThread(client, thread);
  const { messages, status, notice, error, deleted, send, discard } = handle;
  useImperativeHandle(ref, () => ({ send }), [send]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new status is the activity
  useEffect(onActivity, [status, onActivity]);

  if (deleted || (status === 'error' && error)) {
    return <LoadProblem deleted={deleted} error={error} onReload={handle.reload} />;
  }
  const edit = (id: string, text: string) => {
    discard(id);
    onEdit(text);
  };
  // While the thread loads, its first messages may have left the outbox and not be here yet.
  const pending = status === 'loading' ? withBegun(handle.pending, begun) : handle.pending;
  const said = pending.at(-1)?.id ?? messages.findLast(({ role }) => role === 'user')?.id;
  return (
    <>
      {notice && <ResetBanner notice={notice} onDismiss={handle.dismissNotice} />}
      <Scroll lastSaid={said}>
        {status === 'loading' && (
          <p className="loading">
            {paused
              ? 'The conversation will be here when the connection is back.'
              : 'Loading the conversation…'}
          </p>
        )}
        {said === undefined && status === 'idle' && <EmptyState onAsk={send} />}
        <Messages messages={messages} pending={pending} paused={paused} onDiscard={discard} onEdit={edit} />
      </Scroll>
    </>
  );
}

function withBegun(pending: readonly PendingItem[], begun: readonly FirstMessage[]): readonly PendingItem[] {
  const missing = begun.filter((first) => !pending.some(({ id }) => id === first.id));
  return [...missing, ...pending];
}
