import { createChatClient } from '@taproot/chat/client';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.tsx';
import { fetchSignedIn } from './app/sign-in.ts';
import { applyTheme } from './app/theme.ts';
import './styles/index.css';

applyTheme();

const client = createChatClient({ url: location.origin, fetch: fetchSignedIn });

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App client={client} />
    </StrictMode>,
  );
}
