import { createChatClient } from '@taproot/chat/client';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.tsx';
import { currentThread, goTo } from './app/route.ts';
import { fetchSignedIn } from './app/sign-in.ts';
import { applyTheme } from './app/theme.ts';
import { moveDraft } from './composer/draft.ts';
import { keepOutbox } from './outbox/keep-outbox.ts';
import { NewChat } from './outbox/new-chat.ts';
import './styles/index.css';

applyTheme();

const client = createChatClient({ url: location.origin, fetch: fetchSignedIn });
keepOutbox(client);
const newChat = new NewChat(client, (thread) => {
  // Follow the first message into its thread, unless the user has gone elsewhere meanwhile.
  if (currentThread() !== undefined) return;
  moveDraft(thread);
  goTo(thread);
});

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App client={client} newChat={newChat} />
    </StrictMode>,
  );
}
