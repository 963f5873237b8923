import { useEffect } from 'react';

/** Names the tab after the chat. */
export function useDocumentTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Taproot`;
  }, [title]);
}
