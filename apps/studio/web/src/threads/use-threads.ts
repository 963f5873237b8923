import type { ChatClient, ThreadSummary } from '@taproot/chat/client';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { currentThread, goTo } from '../app/route.ts';

export type { ThreadSummary };

export interface Threads {
  /** Newest first; undefined until it was read once. */
  readonly list: readonly ThreadSummary[] | undefined;
  readonly refresh: () => void;
  readonly rename: (id: string, title: string) => Promise<void>;
  readonly remove: (id: string) => Promise<void>;
  /** The last change that did not work, for people. */
  readonly problem: string | undefined;
  readonly dismissProblem: () => void;
}

/** The user's threads, read again whenever the connection comes back or this tab is looked at again. */
export function useThreads(client: ChatClient, online: boolean): Threads {
  const [list, setList] = useState<readonly ThreadSummary[]>();
  const [problem, setProblem] = useState<string>();
  const newest = useRef(0);

  const refresh = useCallback(() => {
    const turn = ++newest.current;
    // A failed read leaves the old list; the next `ready` reads again.
    client.listThreads().then(
      (threads) => turn === newest.current && setList(threads),
      () => undefined,
    );
  }, [client]);

  useEffect(() => {
    if (!online) return;
    refresh();
    const onLook = () => document.visibilityState === 'visible' && refresh();
    document.addEventListener('visibilitychange', onLook);
    return () => document.removeEventListener('visibilitychange', onLook);
  }, [online, refresh]);

  const change = useCallback(
    async (what: string, work: Promise<void>) => {
      await work.catch((error: unknown) =>
        setProblem(`${what}: ${error instanceof Error ? error.message : error}`),
      );
      refresh();
    },
    [refresh],
  );
  const rename = useCallback(
    (id: string, title: string) => {
      setList((threads) => threads?.map((thread) => (thread.id === id ? { ...thread, title } : thread)));
      return change('The chat was not renamed', client.renameThread(id, title));
    },
    [client, change],
  );
  const remove = useCallback(
    (id: string) => {
      const gone = client.deleteThread(id).then(() => {
        setList((threads) => threads?.filter((thread) => thread.id !== id));
        if (currentThread() === id) goTo(undefined, 'replace');
      });
      return change('The chat was not deleted', gone);
    },
    [client, change],
  );
  return useMemo(
    () => ({ list, refresh, rename, remove, problem, dismissProblem: () => setProblem(undefined) }),
    [list, refresh, rename, remove, problem],
  );
}
