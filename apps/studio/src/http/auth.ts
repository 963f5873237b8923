import {
  authenticate,
  ChatError,
  type ChatServer,
  credentialOf,
  isForwarded,
  isLoopbackHost,
  SESSION_COOKIE,
  type Session,
  type User,
} from '@taproot/chat/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Environment } from '../environment.ts';

const demoBody = z.object({ name: z.string().trim().min(1).max(40).optional() }).nullish();

/** The session of a request. Rejects `unauthenticated`. A ticket opens sockets only. */
export async function requireSession(chat: ChatServer, request: FastifyRequest): Promise<Session> {
  const credential = credentialOf(request.raw, new URL(request.url, 'http://localhost'));
  const session = credential?.kind === 'ticket' ? undefined : await authenticate(chat.sessions, credential);
  if (session === undefined) throw new ChatError('unauthenticated', 'Sign in first');
  return session;
}

/** Routes under /auth (PROTOCOL.md, "Signing in"). */
export function addAuth(app: FastifyInstance, chat: ChatServer, environment: Environment): void {
  app.post('/auth/demo', async (request, reply) => {
    requireDemo(request, environment);
    const body = demoBody.safeParse(request.body);
    if (!body.success) throw new ChatError('bad-request', 'name: 1 to 40 characters');
    const user = demoUser(body.data?.name);
    const { token } = await chat.sessions.create(user);
    setCookie(reply, token, chat.sessions.sessionMs, environment);
    return { token, user: { id: user.id, name: user.name } };
  });
  app.post('/auth/session', async () => {
    throw new ChatError('not-supported', 'Signing in with a JWT is not supported yet');
  });
  app.post('/auth/ticket', async (request) => {
    const session = await requireSession(chat, request);
    return { ticket: await chat.sessions.issueTicket(session) };
  });
  app.post('/auth/logout', async (request, reply) => {
    await chat.sessions.revoke(await requireSession(chat, request));
    setCookie(reply, '', 0, environment);
    return reply.code(204).send();
  });
}

/** Only this machine's own users, and never through a proxy, which would open it to the world. */
function requireDemo(request: FastifyRequest, environment: Environment): void {
  if (environment.demo && isLoopbackHost(request.headers.host) && !isForwarded(request.headers)) return;
  throw new ChatError('forbidden', 'The demo sign-in works only on this machine itself, without a proxy');
}

/** One user per name, so that several people can be tried; all of them operators, for they sit at this machine. */
function demoUser(name = 'Demo'): User {
  const id = name === 'Demo' ? 'demo' : `demo:${name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-')}`;
  return { id, name, operator: true };
}

function setCookie(reply: FastifyReply, token: string, maxAgeMs: number, { loopback }: Environment): void {
  reply.setCookie(SESSION_COOKIE, token, {
    httpOnly: true,
    sameSite: 'strict',
    secure: !loopback,
    path: '/',
    maxAge: Math.floor(maxAgeMs / 1000),
  });
}
