import { createChatClient } from '@taproot/chat/client';
import { useChatClient, useThread } from '@taproot/chat/react';
import { type ReactElement, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

const client = createChatClient({ url: location.origin, backoff: { minMs: 5, maxMs: 50 } });

function Thread(): ReactElement {
  const { messages, pending, status, send } = useThread(client, 't');
  return (
    <>
      <output id="status">{status}</output>
      <ol>
        {messages.map(({ id, role, parts }) => (
          <li key={id}>
            {role}: {parts.map((part) => (part.type === 'text' ? part.text : ''))}
          </li>
        ))}
        {pending.map(({ id, text, state }) => (
          <li key={id}>
            {state}: {text}
          </li>
        ))}
      </ol>
      <button id="send" type="button" onClick={() => send('hello')}>
        Send
      </button>
    </>
  );
}

function Page(): ReactElement {
  const [shown, show] = useState(true);
  const { socket, redis } = useChatClient(client);
  return (
    <>
      <output id="connection">{`${socket} ${redis}`}</output>
      <button id="toggle" type="button" onClick={() => show(!shown)}>
        Toggle
      </button>
      {shown && <Thread />}
    </>
  );
}

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <Page />
    </StrictMode>,
  );
}
