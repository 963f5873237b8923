import { type ReactElement, useState } from 'react';
import { goTo } from '../app/route.ts';
import { ThemeButton } from '../app/ThemeButton.tsx';
import { Icon } from '../ui/Icon.tsx';
import { useNow } from '../ui/use-now.ts';
import { DeleteDialog } from './DeleteDialog.tsx';
import { ThreadItem } from './ThreadItem.tsx';
import type { ThreadSummary, Threads } from './use-threads.ts';

interface ThreadListProps {
  readonly threads: Threads;
  readonly current: string | undefined;
  /** The name of who is signed in, or how far that is. */
  readonly user: string;
  /** After something was opened; a drawer closes then. */
  readonly onOpen: () => void;
}

/** The left column: new chat, the threads with the newest first, who is signed in. */
export function ThreadList({ threads, current, user, onOpen }: ThreadListProps): ReactElement {
  const now = useNow(30_000);
  const [deleting, setDeleting] = useState<ThreadSummary | undefined>();

  const startNew = () => {
    goTo(undefined);
    onOpen();
  };
  const answer = (sure: boolean) => {
    if (sure && deleting) void threads.remove(deleting.id);
    setDeleting(undefined);
  };
  return (
    <div className="thread-list">
      <div className="brand">
        <Icon name="leaf" size={22} />
        <span>Taproot</span>
      </div>
      <button type="button" className="button new-chat" data-testid="new-chat" onClick={startNew}>
        <Icon name="plus" />
        New chat
      </button>
      <nav aria-label="Chats">
        {threads.list?.length === 0 && <p className="thread-none">Your chats will be listed here.</p>}
        <ul data-testid="threads" aria-busy={threads.list === undefined}>
          {threads.list?.map((thread) => (
            <ThreadItem
              key={thread.id}
              thread={thread}
              current={thread.id === current}
              now={now}
              onOpen={onOpen}
              onRename={(title) => void threads.rename(thread.id, title)}
              onDelete={() => setDeleting(thread)}
            />
          ))}
        </ul>
      </nav>
      <div className="thread-foot">
        <span className="user-name">{user}</span>
        <ThemeButton />
      </div>
      {deleting && <DeleteDialog title={deleting.title} onAnswer={answer} />}
    </div>
  );
}
