import type { ChatClient } from '@taproot/chat/client';
import { useChatClient } from '@taproot/chat/react';
import { type ReactElement, useCallback, useState } from 'react';
import { pauseReason, pillState } from '../connection/pill-state.ts';
import type { NewChat } from '../outbox/new-chat.ts';
import { Drawer } from '../threads/Drawer.tsx';
import { ThreadList } from '../threads/ThreadList.tsx';
import { useThreads } from '../threads/use-threads.ts';
import { useMedia } from '../ui/use-media.ts';
import { Header } from './Header.tsx';
import { Main } from './Main.tsx';
import { useRoute } from './route.ts';
import { SignInRefused } from './SignInRefused.tsx';
import { useDocumentTitle } from './use-document-title.ts';
import { useSession } from './use-session.ts';

interface AppProps {
  readonly client: ChatClient;
  readonly newChat: NewChat;
}

/** The whole page: threads on the left (a drawer on narrow screens), the conversation on the right. */
export function App({ client, newChat }: AppProps): ReactElement {
  const connection = useChatClient(client);
  const session = useSession(client, connection);
  const state = pillState(connection, session.refused !== undefined, session.retryAt !== undefined);
  const online = connection.socket === 'open' && connection.redis !== 'down';
  const threads = useThreads(client, online);
  const thread = useRoute();
  const narrow = useMedia('(max-width: 720px)');
  const [drawer, setDrawer] = useState(false);
  const closeDrawer = useCallback(() => setDrawer(false), []);

  const title =
    thread === undefined ? 'New chat' : (threads.list?.find(({ id }) => id === thread)?.title ?? 'Chat');
  useDocumentTitle(title);
  const tryNow = () => (connection.signIn ? session.tryNow() : client.reconnect());
  const list = (
    <ThreadList
      threads={threads}
      current={thread}
      user={connection.user?.name ?? (session.refused === undefined ? 'Signing in…' : 'Not signed in')}
      onOpen={closeDrawer}
    />
  );

  return (
    <div className="app">
      <a className="skip-link" href="#composer">
        Skip to the message box
      </a>
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
        {session.refused === undefined ? (
          <Main
            client={client}
            newChat={newChat}
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
