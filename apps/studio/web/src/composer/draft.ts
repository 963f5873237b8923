import { useCallback, useState } from 'react';

/** The unsent text of a thread, or of a new chat; it survives reloads and switching threads, in this tab. */
export function useDraft(thread: string | undefined): readonly [text: string, write: (text: string) => void] {
  const [draft, setDraft] = useState(() => ({ thread, text: read(thread) }));
  let { text } = draft;
  if (draft.thread !== thread) {
    text = read(thread);
    setDraft({ thread, text });
  }
  const write = useCallback(
    (next: string) => {
      keep(thread, next);
      setDraft({ thread, text: next });
    },
    [thread],
  );
  return [text, write];
}

/** Takes the draft of a new chat along into its thread. */
export function moveDraft(thread: string): void {
  keep(thread, read(undefined));
  keep(undefined, '');
}

/** Puts text into the box of a new chat, after what is there. */
export function draftNewChat(text: string): void {
  keep(undefined, [read(undefined), text].filter((part) => part !== '').join('\n\n'));
}

const key = (thread: string | undefined): string => `taproot:draft:${thread ?? 'new'}`;

function read(thread: string | undefined): string {
  return sessionStorage.getItem(key(thread)) ?? '';
}

function keep(thread: string | undefined, text: string): void {
  if (text) sessionStorage.setItem(key(thread), text);
  else sessionStorage.removeItem(key(thread));
}
