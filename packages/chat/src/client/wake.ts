/** Calls back when a browser has reason to believe that a connection works (again). Returns how to stop. */
export function onWake(callback: () => void): () => void {
  const page = globalThis as Partial<Pick<typeof globalThis, 'window' | 'document'>>;
  const { window, document } = page;
  if (window === undefined || document === undefined) return () => undefined;
  const onVisible = (): void => {
    if (document.visibilityState === 'visible') callback();
  };
  window.addEventListener('online', callback);
  document.addEventListener('visibilitychange', onVisible);
  return () => {
    window.removeEventListener('online', callback);
    document.removeEventListener('visibilitychange', onVisible);
  };
}
