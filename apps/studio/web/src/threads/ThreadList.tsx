import { type ReactElement, useState } from 'react';
import { OperationsLink } from '../app/OperationsLink.tsx';
import { goTo } from '../app/route.ts';
import { ThemeButton } from '../app/ThemeButton.tsx';
import { Icon } from '../ui/Icon.tsx';
import { useNow } from '../ui/use-now.ts';
import { DeleteDialog } from './DeleteDialog.tsx';
import { SearchField } from './SearchField.tsx';
import { SearchResults } from './SearchResults.tsx';
import { ThreadItem } from './ThreadItem.tsx';
import type { Search } from './use-search.ts';
import type { ThreadSummary, Threads } from './use-threads.ts';

interface ThreadListProps {
  readonly threads: Threads;
  readonly search: Search;
  readonly current: string | undefined;
  /** The name of who is signed in, or how far that is. */
  readonly user: string;
  /** After something was opened; a drawer closes then. */
  readonly onOpen: () => void;
}

/** The left column: new chat, the threads with the newest first, who is signed in. */
export function ThreadList({ threads, search, current, user, onOpen }: ThreadListProps): ReactElement {
  const now = useNow(30_000);
  const [deleting, setDeleting] = useState<ThreadSummary | undefined>();

  const searching = search.text.trim() !== '';
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
      <SearchField search={search} />
      <nav aria-label="Chats">
        {searching && <SearchResults search={search} current={current} onOpen={onOpen} />}
        {!searching && threads.list?.length === 0 && (
          <p className="thread-none">Your chats will be listed here.</p>
        )}
        {!searching && (
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
        )}
      </nav>
      <div className="thread-foot">
        <span className="user-name">{user}</span>
        <OperationsLink onOpen={onOpen} />
        <ThemeButton />
      </div>
      {deleting && <DeleteDialog title={deleting.title} onAnswer={answer} />}
    </div>
  );
}
