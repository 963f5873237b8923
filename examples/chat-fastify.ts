/**
 * A chat server with an agent of your own on Fastify.
 *
 *   node --conditions=@taproot/source examples/chat-fastify.ts
 *   node --conditions=@taproot/source examples/chat-client.ts http://127.0.0.1:3000
 *
 * Listens on PORT (3000); uses REDIS_URL if it is set, otherwise an embedded Redis in .taproot/example.
 */
import { randomBytes } from 'node:crypto';
import * as taproot from '@taproot/chat/server';
import { createRedisManager } from '@taproot/redis';
import { type FastifyRequest, fastify, type RouteHandlerMethod } from 'fastify';

type Fields = Record<string, string>;

// 1. The agent: yields text; what it does in the world it does in steps, which are never repeated after a takeover.
const agent: taproot.Agent = {
  name: 'clock',
  async *run({ message, step }) {
    const now = await step('read_clock', {}, async () => new Date().toISOString());
    yield { type: 'text-start', id: 'answer' };
    yield { type: 'text-delta', id: 'answer', delta: `At ${now} you said: ${message.text}` };
    yield { type: 'text-end', id: 'answer' };
  },
};

// 2. The server. The secret signs tokens; keep it, or everybody has to sign in again after a restart.
const manager = createRedisManager({ app: 'example', dataDir: '.taproot/example' });
const allowed = { hosts: new Set<string>(), origins: new Set<string>() };
const chat = taproot.createChatServer({ manager, agent, secret: randomBytes(32), allowed });

// 3. Its HTTP routes, behind the security rules of PROTOCOL.md §2.
const app = fastify({ forceCloseConnections: true });
app.addHook('onRequest', async ({ headers, method }) => {
  if (!taproot.hostAllowed(headers.host, allowed))
    throw new taproot.ChatError('foreign-host', 'Not a host of ours');
  if (method === 'GET') return;
  if (!taproot.originAllowed(headers, allowed)) throw new taproot.ChatError('foreign-origin', 'May not call');
  if (!headers['content-type']?.startsWith('application/json'))
    throw new taproot.ChatError('unsupported-media-type', 'Send Content-Type: application/json');
});
app.setErrorHandler((error, _request, reply) => {
  const problem = taproot.problemOf(taproot.toChatError(error));
  if (problem.status === 503) reply.header('retry-after', '1');
  return reply.code(problem.status).type('application/problem+json').send(problem);
});
app.get('/readyz', (_request, reply) =>
  reply.code(manager.state === 'ready' ? 200 : 503).send({ state: manager.state }),
);
// How users sign in is yours to decide; this one lets everybody in.
app.post('/login', () => chat.sessions.create({ id: 'ann', name: 'Ann', operator: false }));
app.post('/auth/ticket', async (request) => {
  return { ticket: await chat.sessions.issueTicket(await signedIn(request)) };
});
for (const { method, path: url, handle } of chat.routes) {
  const handler: RouteHandlerMethod = async (request, reply) => {
    const { params, query, body } = request as FastifyRequest<{ Params: Fields; Querystring: Fields }>;
    const { user } = await signedIn(request);
    const answer = await handle({ user, params, query, body });
    return reply.code(answer.status).send(answer.body);
  };
  app.route({ method, url, handler });
}
app.server.on('upgrade', (request, socket, head) => chat.handleUpgrade(request, socket, head));

async function signedIn({ raw, url }: Pick<FastifyRequest, 'raw' | 'url'>): Promise<taproot.Session> {
  const credential = taproot.credentialOf(raw, new URL(url, 'http://localhost'));
  const session = credential?.kind !== 'ticket' && (await taproot.authenticate(chat.sessions, credential));
  if (!session) throw new taproot.ChatError('unauthenticated', 'Sign in first');
  return session;
}

await manager.ready({ timeoutMs: 10_000 });
console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }));
process.on('SIGTERM', async () => {
  await chat.close();
  await app.close();
  await manager.close();
});
