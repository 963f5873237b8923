/**
 * A client in Node that asks one question and prints the answer as it grows.
 *
 *   node --conditions=@taproot/source examples/chat-client.ts http://127.0.0.1:3000
 *
 * The server is one of examples/chat-fastify.ts and examples/chat-express.ts.
 */
import { createChatClient } from '@taproot/chat/client';

const url = process.argv[2] ?? 'http://127.0.0.1:3000';
const headers = { 'content-type': 'application/json' };
const login = await fetch(`${url}/login`, { method: 'POST', headers, body: '{}' });
const { token } = (await login.json()) as { token: string };

const client = createChatClient({ url, token });
const thread = await client.createThread();
const view = client.thread(thread.id);
const ended = Promise.withResolvers<void>();
view.on('event', ({ data }) => {
  // Several chunks that were stored together come together.
  for (const event of Array.isArray(data) ? data : [data]) {
    if (event.type === 'text-delta') process.stdout.write(event.delta);
    if (event.type === 'run-ended') ended.resolve();
  }
});
view.open(thread);
await client.send(thread.id, 'Hello!').accepted;
await ended.promise;
console.log();
await client.close();
