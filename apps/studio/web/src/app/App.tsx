import type { ChatClient } from '@taproot/chat/client';
import { useChatClient } from '@taproot/chat/react';
import { lazy, type ReactElement, Suspense, useCallback, useState } from 'react';
import { pauseReason, pillState } from '../connection/pill-state.ts';
import { Drawer } from '../threads/Drawer.tsx';
import { ThreadList } from '../threads/ThreadList.tsx';
import { useSearch } from '../threads/use-search.ts';
import { useThreads } from '../threads/use-threads.ts';
import { useMedia } from '../ui/use-media.ts';
import { Header } from './Header.tsx';
import { Main } from './Main.tsx';
import { useRoute } from './route.ts';
import { SignInRefused } from './SignInRefused.tsx';
import { useDocumentTitle } from './use-document-title.ts';
import { useSession } from './use-session.ts';

// With its plots, which a chat needs not.
const OperationsPage = lazy(() => import('../operations/OperationsPage.tsx'));

interface AppProps {
  readonly client: ChatClient;
}

/** The whole page: threads on the left (a drawer on narrow screens), the conversation on the right. */
export function App({ client }: AppProps): ReactElement {
  const connection = useChatClient(client);
  const session = useSession(client, connection);
  const state = pillState(connection, session.refused !== undefined, session.retryAt !== undefined);
  const online = connection.socket === 'open' && connection.redis !== 'down';
  const threads = useThreads(client, online);
  const search = useSearch(client);
  const route = useRoute();
  const operations = route.page === 'operations';
  const thread = operations ? undefined : route.thread;
  const narrow = useMedia('(max-width: 720px)');
  const [drawer, setDrawer] = useState(false);
  const closeDrawer = useCallback(() => setDrawer(false), []);

  const named = threads.list?.find(({ id }) => id === thread)?.title;
  const title = operations ? 'Operations' : thread === undefined ? 'New chat' : named || 'Chat';
  useDocumentTitle(title);
  const tryNow = () => (connection.signIn ? session.tryNow() : client.reconnect());
  const list = (
    <ThreadList
      threads={threads}
      search={search}
      current={thread}
      user={connection.user?.name ?? (session.refused === undefined ? 'Signing in…' : 'Not signed in')}
      onOpen={closeDrawer}
    />
  );

  return (
    <div className="app">
      {!operations && (
        <a className="skip-link" href="#composer">
          Skip to the message box
        </a>
      )}
      {narrow ? (
        <Drawer open={drawer} onClose={closeDrawer}>
          {list}
        </Drawer>
      ) : (
        <aside className="sidebar" aria-label="Chats">
          {list}
        </aside>
      )}
      <main>
        <Header
          title={title}
          onMenu={narrow ? () => setDrawer(true) : undefined}
          connection={connection}
          state={state}
          retryAt={session.retryAt ?? connection.retryAt}
          onTryNow={tryNow}
        />
        {operations ? (
          <Suspense fallback={<p className="loading">Loading…</p>}>
            <OperationsPage />
          </Suspense>
        ) : session.refused === undefined ? (
          <Main
            client={client}
            thread={thread}
            threads={threads}
            signedIn={session.signedIn}
            paused={pauseReason(state)}
          />
        ) : (
          <SignInRefused reason={session.refused} onTryAgain={session.tryNow} />
        )}
      </main>
    </div>
  );
}
