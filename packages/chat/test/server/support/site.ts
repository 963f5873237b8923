import {
  type Agent,
  authenticate,
  ChatError,
  type ChatServer,
  type ChatServerOptions,
  createChatServer,
  credentialOf,
  problemOf,
  type Session,
  toChatError,
  type User,
} from '@taproot/chat/server';
import { createRedisManager, type RedisManager } from '@taproot/redis';
import { type FastifyInstance, type FastifyRequest, fastify } from 'fastify';
import { onTestFinished } from 'vitest';
import { ADA, BOB } from './users.ts';

export interface SiteOptions {
  readonly redisUrl: string;
  readonly agent?: Agent;
  readonly chat?: Partial<ChatServerOptions>;
  /** @default 'ready' */
  readonly waitFor?: 'ready' | 'listening';
}

/** A chat server in this process, on an HTTP server that has what a client needs and nothing else. */
export interface Site {
  readonly url: string;
  readonly chat: ChatServer;
  readonly manager: RedisManager;
  /** What the server reported to its operator. */
  readonly errors: readonly unknown[];
  signIn(user?: User): Promise<string>;
}

export { ADA, BOB };

/** Says the question back. */
export const ECHO: Agent = {
  name: 'echo',
  async *run({ message }) {
    yield { type: 'text-start', id: 't' };
    yield { type: 'text-delta', id: 't', delta: message.text };
    yield { type: 'text-end', id: 't' };
  },
};

export async function startSite(options: SiteOptions): Promise<Site> {
  const { redisUrl, agent = ECHO, waitFor = 'ready' } = options;
  const manager = createRedisManager({ url: redisUrl, allowSecond: true });
  const errors: unknown[] = [];
  const chat = createChatServer({
    manager,
    agent,
    secret: new Uint8Array(32),
    onError: (error) => errors.push(error),
    ...options.chat,
  });
  const app = fastify({ forceCloseConnections: true });
  onTestFinished(async () => {
    await chat.close();
    await app.close();
    await manager.close();
  });
  addRoutes(app, chat, manager);
  app.server.on('upgrade', (request, socket, head) => chat.handleUpgrade(request, socket, head));
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  if (waitFor === 'ready') await manager.ready({ timeoutMs: 10_000 });
  const signIn = async (user = ADA): Promise<string> => (await chat.sessions.create(user)).token;
  return { url, chat, manager, errors, signIn };
}

function addRoutes(app: FastifyInstance, chat: ChatServer, manager: RedisManager): void {
  app.setErrorHandler((error, _request, reply) => {
    const problem = problemOf(toChatError(error));
    if ([429, 503].includes(problem.status)) reply.header('retry-after', '1');
    return reply.code(problem.status).type('application/problem+json').send(problem);
  });
  app.get('/readyz', (_request, reply) => {
    if (manager.state !== 'ready') reply.code(503).header('retry-after', '1');
    return reply.send({ state: manager.state });
  });
  app.post('/auth/ticket', async (request) => ({
    ticket: await chat.sessions.issueTicket(await sessionOf(chat, request)),
  }));
  for (const { method, path, handle } of chat.routes) {
    app.route({
      method,
      url: path,
      handler: async (request, reply) => {
        const { user } = await sessionOf(chat, request);
        const params = request.params as Record<string, string>;
        const query = request.query as Record<string, unknown>;
        const { status, body } = await handle({ user, params, query, body: request.body });
        return reply.code(status).send(body);
      },
    });
  }
}

async function sessionOf(chat: ChatServer, { raw, url }: FastifyRequest): Promise<Session> {
  const session = await authenticate(chat.sessions, credentialOf(raw, new URL(url, 'http://localhost')));
  if (session === undefined) throw new ChatError('unauthenticated', 'Sign in first');
  return session;
}
