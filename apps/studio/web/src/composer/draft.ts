import { useCallback, useEffect, useState } from 'react';

const key = (thread: string | undefined): string => `taproot:draft:${thread ?? 'new'}`;

/** The unsent text of a thread; it survives reloads and switching threads, in this tab. */
export function useDraft(thread: string | undefined): readonly [text: string, write: (text: string) => void] {
  const [text, setText] = useState(() => sessionStorage.getItem(key(thread)) ?? '');

  useEffect(() => setText(sessionStorage.getItem(key(thread)) ?? ''), [thread]);

  const write = useCallback(
    (next: string) => {
      setText(next);
      if (next) sessionStorage.setItem(key(thread), next);
      else sessionStorage.removeItem(key(thread));
    },
    [thread],
  );
  return [text, write];
}
