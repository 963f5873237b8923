/** What is needed to see that a connection is dead although its socket lives. */
export interface Watched {
  /** How long an answer may take; 0: for ever. */
  readonly silentMs: number;
  /** Asks for an answer; undefined if none is due now. */
  ask(): Promise<unknown> | undefined;
  /** Nothing was answered. */
  silent(): void;
}

/**
 * Asks every `silentMs`, and tells when what it asked the time before is still unanswered; until the returned function is
 * called. node-redis' own socket timeout does not do: it starts anew with each write, so that a busy client never notices a
 * server that is frozen.
 */
export function watch({ silentMs, ask, silent }: Watched): () => void {
  if (silentMs === 0) return () => undefined;
  let due: Promise<unknown> | undefined;
  const look = (): void => {
    if (due !== undefined) {
      due = undefined;
      silent();
      return;
    }
    const asked = ask();
    due = asked;
    // The answer of a connection that was dropped says nothing about the one after it.
    const answered = (): void => {
      if (due === asked) due = undefined;
    };
    asked?.then(answered, answered);
  };
  let stopped = false;
  // After the sockets were read: a process that was itself stopped for a while must not blame Redis.
  const timer = setInterval(() => setImmediate(() => stopped || look()), silentMs);
  timer.unref();
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}
