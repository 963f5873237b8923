import type { ChatClient, ConnectionState } from '@taproot/chat/client';
import { useEffect, useRef, useState } from 'react';
import { signInAsDemo } from './sign-in.ts';

export interface Session {
  /** True once a socket of this page was signed in; stays so through outages. */
  readonly signedIn: boolean;
  /** Why signing in cannot work. */
  readonly refused: string | undefined;
  /** When signing in is tried again, by the local clock. */
  readonly retryAt: number | undefined;
  readonly tryNow: () => void;
}

/** Signs in whenever the server asks for it, waiting for as long as Redis or the server is away. */
export function useSession(client: ChatClient, connection: ConnectionState): Session {
  const [refused, setRefused] = useState<string>();
  const [retryAt, setRetryAt] = useState<number>();
  const [attempt, setAttempt] = useState(0);
  const signedIn = useRef(false);
  const lastSignIn = useRef(0);
  if (connection.user && !connection.signIn) signedIn.current = true;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` is what starts the next one
  useEffect(() => {
    if (!connection.signIn) return;
    const stopped = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = (ms: number) => {
      setRetryAt(Date.now() + ms);
      timer = setTimeout(() => setAttempt((n) => n + 1), ms);
    };
    const signIn = async () => {
      const result = await signInAsDemo(stopped.signal);
      if (stopped.signal.aborted) return;
      setRefused(result.ok ? undefined : result.refused);
      setRetryAt(undefined);
      if (result.ok) {
        lastSignIn.current = Date.now();
        client.reconnect();
      } else if (result.refused === undefined) again(result.retryAfterMs);
    };
    // Asked again right after a sign-in that worked: the cookie does not arrive; do not hammer.
    if (Date.now() - lastSignIn.current < 2000) again(2000);
    else void signIn();
    return () => {
      stopped.abort();
      clearTimeout(timer);
    };
  }, [client, connection.signIn, attempt]);

  return { signedIn: signedIn.current, refused, retryAt, tryNow: () => setAttempt((n) => n + 1) };
}
