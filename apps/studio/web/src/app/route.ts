import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();

/** The thread named by the address (`/t/<id>`); undefined on the page of a new chat. */
export function useRoute(): string | undefined {
  return useSyncExternalStore(subscribe, currentThread);
}

export function pathOf(thread: string | undefined): string {
  return thread === undefined ? '/' : `/t/${encodeURIComponent(thread)}`;
}

/** Goes to a thread, or to a new chat. `replace` leaves no entry in the browser's history. */
export function goTo(thread: string | undefined, how: 'push' | 'replace' = 'push'): void {
  if (pathOf(thread) === location.pathname) return;
  if (how === 'push') history.pushState(undefined, '', pathOf(thread));
  else history.replaceState(undefined, '', pathOf(thread));
  for (const changed of listeners) changed();
}

export function currentThread(): string | undefined {
  const id = /^\/t\/([^/]+)$/.exec(location.pathname)?.[1];
  return id === undefined ? undefined : decoded(id);
}

function decoded(id: string): string | undefined {
  try {
    return decodeURIComponent(id);
  } catch {
    return undefined;
  }
}

function subscribe(changed: () => void): () => void {
  listeners.add(changed);
  addEventListener('popstate', changed);
  return () => {
    listeners.delete(changed);
    removeEventListener('popstate', changed);
  };
}
