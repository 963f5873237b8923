import type { ChatClient } from '@taproot/chat/client';
import { type ReactElement, useCallback, useRef, useState } from 'react';
import { Composer } from '../composer/Composer.tsx';
import { useDraft } from '../composer/draft.ts';
import { useStorage } from '../connection/use-storage.ts';
import { ThreadPane, type ThreadPaneHandle } from '../conversation/ThreadPane.tsx';
import type { Threads } from '../threads/use-threads.ts';
import { Notice } from '../ui/Notice.tsx';
import { useNewChat } from './use-new-chat.ts';

interface MainProps {
  readonly client: ChatClient;
  /** Undefined: a new chat. */
  readonly thread: string | undefined;
  readonly threads: Threads;
  readonly signedIn: boolean;
  readonly paused: string | undefined;
}

/** The open conversation over the one box to write in, which stays the same while threads change. */
export function Main({ client, thread: named, threads, signedIn, paused }: MainProps): ReactElement {
  const newChat = useNewChat(client);
  const thread = named ?? newChat.thread;
  const [draft, write] = useDraft(named);
  const pane = useRef<ThreadPaneHandle>(null);
  const [gone, setGone] = useState<string>();
  const onGone = useCallback((is: boolean) => setGone(is ? thread : undefined), [thread]);
  const closed = gone === thread;
  const { problem } = useStorage(client);
  const send = useCallback(
    (text: string) => {
      if (pane.current) pane.current.send(text);
      // Not signed in yet; the outbox keeps it until the conversation is shown.
      else client.send(thread, text);
    },
    [client, thread],
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
        {(named === undefined || signedIn) && (
          <ThreadPane
            key={newChat.keyOf(thread)}
            ref={pane}
            client={client}
            thread={thread}
            paused={paused}
            onEdit={edit}
            onGone={onGone}
            onActivity={threads.refresh}
          />
        )}
      </div>
      <Composer
        thread={named}
        text={draft}
        onWrite={write}
        onSend={send}
        hint={closed ? 'This chat takes no messages any more' : hintFor(paused, problem)}
        closed={closed}
        offline={paused !== undefined}
      />
    </>
  );
}

function hintFor(paused: string | undefined, problem: string | undefined): string {
  if (problem !== undefined)
    return 'Keep this page open until your messages are sent: this browser cannot store them';
  return paused === undefined
    ? 'Enter sends, Shift + Enter makes a new line'
    : 'Messages wait here until the connection is back, also when you close the page';
}
