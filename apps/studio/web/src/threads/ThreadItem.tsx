import { type MouseEvent, type ReactElement, useState } from 'react';
import { goTo, pathOf } from '../app/route.ts';
import { Icon } from '../ui/Icon.tsx';
import { RenameField } from './RenameField.tsx';
import { relativeTime } from './relative-time.ts';
import type { ThreadSummary } from './use-threads.ts';

interface ThreadItemProps {
  readonly thread: ThreadSummary;
  readonly current: boolean;
  readonly now: number;
  readonly onOpen: () => void;
  readonly onRename: (title: string) => void;
  readonly onDelete: () => void;
}

/** One thread of the list: a link, with renaming and deleting beside it. */
export function ThreadItem({
  thread,
  current,
  now,
  onOpen,
  onRename,
  onDelete,
}: ThreadItemProps): ReactElement {
  const [renaming, setRenaming] = useState(false);

  const open = (event: MouseEvent) => {
    // A click with a modifier is the browser's: new tab, new window, download.
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    goTo(thread.id);
    onOpen();
  };
  const renamed = (title?: string) => {
    setRenaming(false);
    if (title) onRename(title);
  };
  if (renaming) {
    return (
      <li className="thread-item" data-thread-id={thread.id}>
        <RenameField title={thread.title} onDone={renamed} />
      </li>
    );
  }
  return (
    <li className="thread-item" data-thread-id={thread.id}>
      <a
        href={pathOf(thread.id)}
        aria-current={current ? 'page' : undefined}
        onClick={open}
        title={thread.title}
      >
        <span className="thread-title">{thread.title}</span>
        <time dateTime={new Date(thread.updatedAt).toISOString()}>{relativeTime(thread.updatedAt, now)}</time>
      </a>
      <span className="thread-actions">
        <button
          type="button"
          className="icon-button"
          aria-label={`Rename ${thread.title}`}
          onClick={() => setRenaming(true)}
        >
          <Icon name="pencil" size={15} />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={`Delete ${thread.title}`}
          onClick={onDelete}
        >
          <Icon name="trash" size={15} />
        </button>
      </span>
    </li>
  );
}
