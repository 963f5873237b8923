import type { ChatClient } from '@taproot/chat/client';
import { type ThreadHandle, useThread } from '@taproot/chat/react';
import { type ReactElement, type Ref, useEffect, useImperativeHandle, useMemo } from 'react';
import { goTo } from '../app/route.ts';
import { draftNewChat } from '../composer/draft.ts';
import { Notice } from '../ui/Notice.tsx';
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
  readonly paused: string | undefined;
  readonly onEdit: (text: string) => void;
  /** Whether there is no thread any more that could take a message. */
  readonly onGone: (gone: boolean) => void;
  /** A run started or ended: the list of threads may read differently now. */
  readonly onActivity: () => void;
}

/** The conversation of one thread, with what is still on its way at the end. */
export function ThreadPane({
  ref,
  client,
  thread,
  paused,
  onEdit,
  onGone,
  onActivity,
}: ThreadPaneProps): ReactElement {
  const handle = useThread(client, thread);
  const { messages, pending, status, notice, refusal, error, send, discard } = handle;
  const { edit: rewrite, regenerate, stop, answer } = handle;
  const actions = useMemo(
    () => ({ edit: rewrite, regenerate, stop, answer }),
    [rewrite, regenerate, stop, answer],
  );
  useImperativeHandle(ref, () => ({ send }), [send]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new status is the activity
  useEffect(onActivity, [status, onActivity]);

  const problem = problemOf(handle);
  const gone = problem !== undefined && problem !== 'failed';
  useEffect(() => onGone(gone), [gone, onGone]);

  const edit = (id: string, text: string) => {
    discard(id);
    if (gone) elsewhere(text);
    else onEdit(text);
  };
  const said = pending.at(-1)?.id ?? messages.findLast(({ role }) => role === 'user')?.id;
  return (
    <>
      {notice && <ResetBanner notice={notice} onDismiss={handle.dismissNotice} />}
      <Scroll lastSaid={said}>
        {problem && <LoadProblem cause={problem} error={error} onReload={handle.reload} />}
        {status === 'loading' && (
          <p className="loading">
            {paused
              ? 'The conversation will be here when the connection is back.'
              : 'Loading the conversation…'}
          </p>
        )}
        {said === undefined && status === 'idle' && !problem && <EmptyState onAsk={send} />}
        <Messages
          messages={problem ? [] : messages}
          pending={pending}
          paused={paused}
          onDiscard={discard}
          onEdit={edit}
          atRest={status === 'idle' && pending.length === 0}
          stopping={handle.stopping}
          actions={actions}
        />
        {refusal && (
          <Notice tone="warning" testId="refusal" onDismiss={handle.dismissNotice}>
            {refusal.message}
          </Notice>
        )}
      </Scroll>
    </>
  );
}

/** Why there is no conversation to show. */
function problemOf({
  deleted,
  status,
  error,
  notice,
}: ThreadHandle): 'deleted' | 'wiped' | 'missing' | 'failed' | undefined {
  if (deleted) return 'deleted';
  if (status !== 'error' || error === undefined) return undefined;
  if (error.code !== 'not-found') return 'failed';
  return notice?.reason === 'wiped' ? 'wiped' : 'missing';
}

/** A thread that is gone takes no message; a new one does. */
function elsewhere(text: string): void {
  draftNewChat(text);
  goTo(undefined);
}
