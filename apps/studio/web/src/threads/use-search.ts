import type { ChatClient, FoundThread } from '@taproot/chat/client';
import { useEffect, useState } from 'react';

/** Fast typing asks once. */
const PAUSE_MS = 150;

export interface Search {
  readonly text: string;
  readonly write: (text: string) => void;
  /** Undefined while nothing is looked for, and until the first answer. */
  readonly found: readonly FoundThread[] | undefined;
  /** More than these were found. */
  readonly more: boolean;
  readonly failed: string | undefined;
}

type Answer = Pick<Search, 'found' | 'more' | 'failed'>;

const NOTHING: Answer = { found: undefined, more: false, failed: undefined };

/** Looks through the titles and the questions of the user's chats. What was found stays until the next answer. */
export function useSearch(client: ChatClient): Search {
  const [text, write] = useState('');
  const [answer, setAnswer] = useState(NOTHING);
  const query = text.trim();
  useEffect(() => {
    if (query === '') return setAnswer(NOTHING);
    const abort = new AbortController();
    const timer = setTimeout(() => {
      client.searchThreads(query, { signal: abort.signal }).then(
        ({ threads, next }) => setAnswer({ found: threads, more: next !== undefined, failed: undefined }),
        (error: unknown) => {
          if (!abort.signal.aborted)
            setAnswer({ ...NOTHING, failed: error instanceof Error ? error.message : 'No answer' });
        },
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [client, query]);
  return { text, write, ...answer };
}
