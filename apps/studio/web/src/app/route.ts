import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();

export const OPERATIONS = '/operations';

/** What the address names: `/t/<id>` a thread, `/operations` the operators' page, anything else a new chat. */
export type Route =
  | { readonly page: 'chat'; readonly thread: string | undefined }
  | { readonly page: 'operations' };

export function useRoute(): Route {
  const path = useSyncExternalStore(subscribe, () => location.pathname);
  return path === OPERATIONS ? { page: 'operations' } : { page: 'chat', thread: threadOf(path) };
}

export function pathOf(thread: string | undefined): string {
  return thread === undefined ? '/' : `/t/${encodeURIComponent(thread)}`;
}

/** Goes to a thread, or to a new chat. `replace` leaves no entry in the browser's history. */
export function goTo(thread: string | undefined, how: 'push' | 'replace' = 'push'): void {
  goToPath(pathOf(thread), how);
}

export function goToPath(path: string, how: 'push' | 'replace' = 'push'): void {
  if (path === location.pathname) return;
  if (how === 'push') history.pushState(undefined, '', path);
  else history.replaceState(undefined, '', path);
  for (const changed of listeners) changed();
}

export function currentThread(): string | undefined {
  return threadOf(location.pathname);
}

function threadOf(path: string): string | undefined {
  const id = /^\/t\/([^/]+)$/.exec(path)?.[1];
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
