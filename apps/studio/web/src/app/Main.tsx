import type { ChatClient } from '@taproot/chat/client';
import { type ReactElement, useCallback, useRef, useState } from 'react';
import { Composer } from '../composer/Composer.tsx';
import { useDraft } from '../composer/draft.ts';
import { NewChatPane } from '../conversation/NewChatPane.tsx';
import { ThreadPane, type ThreadPaneHandle } from '../conversation/ThreadPane.tsx';
import type { NewChat } from '../outbox/new-chat.ts';
import type { Threads } from '../threads/use-threads.ts';
import { Notice } from '../ui/Notice.tsx';

interface MainProps {
  readonly client: ChatClient;
  readonly newChat: NewChat;
  readonly thread: string | undefined;
  readonly threads: Threads;
  readonly signedIn: boolean;
  readonly paused: string | undefined;
}

/** The open conversation over the one box to write in, which stays the same while threads change. */
export function Main({ client, newChat, thread, threads, signedIn, paused }: MainProps): ReactElement {
  const [draft, write] = useDraft(thread);
  const pane = useRef<ThreadPaneHandle>(null);
  const [gone, setGone] = useState<string>();
  const onGone = useCallback((is: boolean) => setGone(is ? thread : undefined), [thread]);
  const closed = thread !== undefined && gone === thread;
  const send = useCallback(
    (text: string) => {
      if (thread === undefined) newChat.send(text);
      else if (pane.current) pane.current.send(text);
      // Not signed in yet; the outbox keeps it until the conversation is shown.
      else client.send(thread, text).accepted.catch(() => undefined);
    },
    [client, newChat, thread],
  );
  const edit = (text: string) => {
    write(text);
    document.getElementById('composer')?.focus();
  };
  return (
    <>
      <div className="conversation">
        {threads.problem && (
          <div className="banner">
            <Notice tone="error" onDismiss={threads.dismissProblem}>
              {threads.problem}
            </Notice>
          </div>
        )}
        {thread === undefined && <NewChatPane newChat={newChat} paused={paused} onEdit={edit} />}
        {thread !== undefined && signedIn && (
          <ThreadPane
            key={thread}
            ref={pane}
            client={client}
            thread={thread}
            begun={newChat.givenTo(thread)}
            paused={paused}
            onEdit={edit}
            onGone={onGone}
            onActivity={threads.refresh}
          />
        )}
      </div>
      <Composer
        thread={thread}
        text={draft}
        onWrite={write}
        onSend={send}
        hint={closed ? 'This chat takes no messages any more' : hintFor(paused)}
        closed={closed}
        offline={paused !== undefined}
      />
    </>
  );
}

function hintFor(paused: string | undefined): string {
  return paused === undefined
    ? 'Enter sends, Shift + Enter makes a new line'
    : 'Messages wait here until the connection is back';
}
