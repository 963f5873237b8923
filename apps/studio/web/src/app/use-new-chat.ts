import { type ChatClient, isProvisional } from '@taproot/chat/client';
import { useEffect, useState } from 'react';
import { moveDraft } from '../composer/draft.ts';
import { currentThread, goTo } from './route.ts';

export interface NewChat {
  /** The thread that the next new chat will be. */
  readonly thread: string;
  /** The same for a chat before and after its thread was made, so that it is not drawn anew in between. */
  readonly keyOf: (thread: string) => string;
}

/** The page's new chat; what an earlier page wrote into one and could not send is found again. */
export function useNewChat(client: ChatClient): NewChat {
  const [thread, setThread] = useState(() => client.beginThread());
  const [origins, setOrigins] = useState<ReadonlyMap<string, string>>(new Map());
  useEffect(() => {
    const find = (): void => {
      const left = client.outbox.filter((entry) => isProvisional(entry.thread));
      const [first] = left;
      if (first && !left.some((entry) => entry.thread === thread)) setThread(first.thread);
    };
    find();
    return client.on('outbox', find);
  }, [client, thread]);
  useEffect(
    () =>
      client.on('created', ({ provisional, thread: made }) => {
        setOrigins((known) => new Map(known).set(made, provisional));
        if (provisional !== thread) return;
        setThread(client.beginThread());
        // Follow the first message into its thread, unless the user has gone elsewhere meanwhile.
        if (currentThread() !== undefined || location.pathname !== '/') return;
        moveDraft(made);
        goTo(made, 'replace');
      }),
    [client, thread],
  );
  return { thread, keyOf: (id) => origins.get(id) ?? id };
}
