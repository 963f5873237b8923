/**
 * A chat server with an agent of your own on Fastify, and a client that asks it a question.
 *
 *   node --conditions=@taproot/source examples/chat-server.ts
 *
 * Uses REDIS_URL if it is set, otherwise an embedded Redis in .taproot/example.
 */
import { randomBytes } from 'node:crypto';
import { createChatClient } from '@taproot/chat/client';
import {
  type Agent,
  authenticate,
  ChatError,
  createChatServer,
  credentialOf,
  hostAllowed,
  originAllowed,
  problemOf,
  type Session,
  toChatError,
} from '@taproot/chat/server';
import { createRedisManager } from '@taproot/redis';
import { type FastifyRequest, fastify } from 'fastify';

// 1. The agent: yields text; what it does in the world it does in steps, which are never repeated after a takeover.
const agent: Agent = {
  name: 'clock',
  async *run({ message, step }) {
    const now = await step('read_clock', {}, async () => new Date().toISOString());
    yield { type: 'text-start', id: 'answer' };
    for (const delta of `At ${now} you said: ${message.text}`.split(/(?<= )/)) {
      yield { type: 'text-delta', id: 'answer', delta };
    }
    yield { type: 'text-end', id: 'answer' };
  },
};

// 2. The server. The secret keys the hashes of tokens; keep it, or everybody has to sign in again after a restart.
const manager = createRedisManager({ app: 'example', dataDir: '.taproot/example' });
const allowed = { hosts: new Set<string>(), origins: new Set<string>() };
const chat = createChatServer({ manager, agent, secret: randomBytes(32), allowed });

// 3. Its HTTP routes, behind the security rules of PROTOCOL.md §2.
const app = fastify({ forceCloseConnections: true });
app.addHook('onRequest', async ({ headers, method }) => {
  if (!hostAllowed(headers.host, allowed))
    throw new ChatError('foreign-host', 'This host name is not served');
  if (method === 'GET') return;
  if (!originAllowed(headers, allowed)) throw new ChatError('foreign-origin', 'This origin may not call');
  if (!headers['content-type']?.startsWith('application/json')) {
    throw new ChatError('unsupported-media-type', 'Send Content-Type: application/json');
  }
});
app.setErrorHandler((error, _request, reply) => {
  const problem = problemOf(toChatError(error));
  if (problem.status === 503) reply.header('retry-after', '1');
  return reply.code(problem.status).type('application/problem+json').send(problem);
});
app.get('/readyz', (_request, reply) => {
  if (manager.state !== 'ready') reply.code(503).header('retry-after', '1');
  return reply.send({ state: manager.state });
});
app.post('/auth/ticket', async (request) => ({
  ticket: await chat.sessions.issueTicket(await signedIn(request)),
}));
for (const { method, path, handle } of chat.routes) {
  app.route({
    method,
    url: path,
    handler: async (request, reply) => {
      const { user } = await signedIn(request);
      const params = request.params as Record<string, string>;
      const query = request.query as Record<string, unknown>;
      const { status, body } = await handle({ user, params, query, body: request.body });
      return reply.code(status).send(body);
    },
  });
}
app.server.on('upgrade', (request, socket, head) => chat.handleUpgrade(request, socket, head));

async function signedIn({ raw, url }: FastifyRequest): Promise<Session> {
  const credential = credentialOf(raw, new URL(url, 'http://localhost'));
  const session = credential?.kind === 'ticket' ? undefined : await authenticate(chat.sessions, credential);
  if (session === undefined) throw new ChatError('unauthenticated', 'Sign in first');
  return session;
}

const url = await app.listen({ host: '127.0.0.1', port: 0 });
await manager.ready({ timeoutMs: 10_000 });
console.log('listening on', url);

// 4. A client. How users sign in is yours to decide; this one is simply let in.
const { token } = await chat.sessions.create({ id: 'ann', name: 'Ann', operator: false });
const client = createChatClient({ url, token });
const thread = await client.createThread();
const view = client.thread(thread.id);
const ended = new Promise<void>((resolve) => {
  view.on('event', ({ seq, data }) => {
    console.log(seq, JSON.stringify(data));
    if ('type' in data && data.type === 'run-ended') resolve();
  });
});
view.open(thread);
const { run } = await client.send(thread.id, 'Hello!').accepted;
console.log('accepted as run', run);
await ended;

await client.close();
await chat.close();
await app.close();
await manager.close();
