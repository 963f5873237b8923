/**
 * A chat server with an agent of your own on Express.
 *
 *   node --conditions=@taproot/source examples/chat-express.ts
 *   node --conditions=@taproot/source examples/chat-client.ts http://127.0.0.1:3000
 *
 * Listens on PORT (3000); uses REDIS_URL if it is set, otherwise an embedded Redis in .taproot/example.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import * as taproot from '@taproot/chat/server';
import { createRedisManager } from '@taproot/redis';
import express, { type ErrorRequestHandler, type Request, type RequestHandler } from 'express';

// 1. The agent: yields text. Tools and calls of models go into `step` (examples/chat-fastify.ts).
const agent: taproot.Agent = {
  name: 'echo',
  async *run({ message }) {
    yield { type: 'text-start', id: 'answer' };
    yield { type: 'text-delta', id: 'answer', delta: `You said: ${message.text}` };
    yield { type: 'text-end', id: 'answer' };
  },
};

// 2. The server. The secret signs tokens; keep it, or everybody has to sign in again after a restart.
const manager = createRedisManager({ app: 'example', dataDir: '.taproot/example' });
const allowed = { hosts: new Set<string>(), origins: new Set<string>() };
const chat = taproot.createChatServer({ manager, agent, secret: randomBytes(32), allowed });

// 3. Its HTTP routes, behind the security rules of PROTOCOL.md §2.
const guard: RequestHandler = ({ headers, method }, _response, next) => {
  if (!taproot.hostAllowed(headers.host, allowed))
    throw new taproot.ChatError('foreign-host', 'Not a host of ours');
  if (method === 'GET') return next();
  if (!taproot.originAllowed(headers, allowed)) throw new taproot.ChatError('foreign-origin', 'May not call');
  if (headers['content-type']?.startsWith('application/json')) return next();
  throw new taproot.ChatError('unsupported-media-type', 'Send Content-Type: application/json');
};
const problems: ErrorRequestHandler = (error, _request, response, _next) => {
  const problem = taproot.problemOf(taproot.toChatError(error));
  if (problem.status === 503) response.set('retry-after', '1');
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
};
const app = express();
app.use(guard, express.json({ limit: '256kb' }));
app.get('/readyz', (_request, response) => {
  response.status(manager.state === 'ready' ? 200 : 503).json({ state: manager.state });
});
// How users sign in is yours to decide; this one lets everybody in.
app.post('/login', async (_request, response) => {
  response.json(await chat.sessions.create({ id: 'ann', name: 'Ann', operator: false }));
});
app.post('/auth/ticket', async (request, response) => {
  response.json({ ticket: await chat.sessions.issueTicket(await signedIn(request)) });
});
for (const { method, path, handle } of chat.routes) {
  app[method.toLowerCase() as 'get' | 'post' | 'patch' | 'delete'](path, async (request, response) => {
    const { user } = await signedIn(request);
    const params = request.params as Record<string, string>;
    const { status, body } = await handle({ user, params, query: request.query, body: request.body });
    response.status(status).json(body);
  });
}
app.use(problems);
const server = createServer(app);
server.on('upgrade', (request, socket, head) => chat.handleUpgrade(request, socket, head));

async function signedIn(request: Request): Promise<taproot.Session> {
  const credential = taproot.credentialOf(request, new URL(request.url, 'http://localhost'));
  const session = credential?.kind !== 'ticket' && (await taproot.authenticate(chat.sessions, credential));
  if (!session) throw new taproot.ChatError('unauthenticated', 'Sign in first');
  return session;
}

await manager.ready({ timeoutMs: 10_000 });
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => console.log(server.address()));
process.on('SIGTERM', () => void chat.close().then(() => server.close(() => manager.close())));
