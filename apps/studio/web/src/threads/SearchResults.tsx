import type { FoundRanges, FoundThread } from '@taproot/chat/client';
import type { MouseEvent, ReactElement, ReactNode } from 'react';
import { goTo, pathOf } from '../app/route.ts';
import type { Search } from './use-search.ts';

interface SearchResultsProps {
  readonly search: Search;
  readonly current: string | undefined;
  readonly onOpen: () => void;
}

/** The chats that were found, each with the words that were looked for. */
export function SearchResults({ search, current, onOpen }: SearchResultsProps): ReactElement {
  const { found, more, failed, text } = search;
  return (
    <>
      <p className="thread-none" role="status" data-testid="search-status">
        {failed ? `The search failed: ${failed}` : said(found, more, text)}
      </p>
      <ul data-testid="found">
        {found?.map((thread) => (
          <Result key={thread.id} thread={thread} current={thread.id === current} onOpen={onOpen} />
        ))}
      </ul>
    </>
  );
}

function said(found: Search['found'], more: boolean, text: string): string {
  if (found === undefined) return 'Searching…';
  if (found.length === 0) return `No chat has “${text.trim()}”.`;
  if (more) return `The newest ${found.length} chats that have it`;
  return found.length === 1 ? '1 chat' : `${found.length} chats`;
}

interface ResultProps {
  readonly thread: FoundThread;
  readonly current: boolean;
  readonly onOpen: () => void;
}

function Result({ thread, current, onOpen }: ResultProps): ReactElement {
  const { id, title, match } = thread;
  const open = (event: MouseEvent) => {
    // A click with a modifier is the browser's: new tab, new window, download.
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    goTo(id);
    onOpen();
  };
  return (
    <li className="thread-item found" data-thread-id={id}>
      <a href={pathOf(id)} aria-current={current ? 'page' : undefined} onClick={open}>
        <span className="thread-title">{marked(title || 'New chat', match.title)}</span>
        {match.message && (
          <span className="found-text">{marked(match.message.text, match.message.ranges)}</span>
        )}
      </a>
    </li>
  );
}

/** A text with the places that were found. */
function marked(text: string, ranges: FoundRanges): ReactNode[] {
  const parts: ReactNode[] = [];
  let at = 0;
  for (const [from, to] of ranges) {
    if (from < at) continue;
    parts.push(text.slice(at, from), <mark key={from}>{text.slice(from, to)}</mark>);
    at = to;
  }
  return [...parts, text.slice(at)];
}
