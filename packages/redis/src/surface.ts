/**
 * For what a user's own listener throws: it must not break who calls the listener, nor be swallowed, so it becomes an uncaught
 * exception of its own.
 */
export function surface(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
