import {
  authenticate,
  ChatError,
  type ChatServer,
  credentialOf,
  isForwarded,
  isLoopbackHost,
  type JwtVerifier,
  SESSION_COOKIE,
  type Session,
  type User,
} from '@taproot/chat/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Environment } from '../environment.ts';

const demoBody = z
  .object({
    name: z
      .string()
      .trim()
      .max(40)
      .regex(/[\p{L}\p{N}]/u)
      .optional(),
  })
  .nullish();

const jwtBody = z.object({ jwt: z.string().optional() }).nullish();

const sessions = new WeakMap<FastifyRequest, Session>();

/** For routes of signed-in users: nobody else's body is waited for. */
export const signedInOnly = (
  chat: ChatServer,
): { readonly onRequest: (request: FastifyRequest) => Promise<void> } => ({
  onRequest: async (request) => void sessions.set(request, await requireSession(chat, request)),
});

/** Of a request to such a route. */
export function sessionOf(request: FastifyRequest): Session {
  const session = sessions.get(request);
  if (session === undefined) throw new ChatError('unauthenticated', 'Sign in first');
  return session;
}

/** A ticket opens sockets only. */
async function requireSession(chat: ChatServer, request: FastifyRequest): Promise<Session> {
  const credential = credentialOf(request.raw, new URL(request.url, 'http://localhost'));
  const session = credential?.kind === 'ticket' ? undefined : await authenticate(chat.sessions, credential);
  if (session === undefined) throw new ChatError('unauthenticated', 'Sign in first');
  chat.limiter.requireRequest({ user: session.user.id });
  return session;
}

/** Routes under /auth (PROTOCOL.md, "Signing in"). */
export function addAuth(
  app: FastifyInstance,
  chat: ChatServer,
  environment: Environment,
  verify: JwtVerifier | undefined,
): void {
  const signIn = async (user: User, reply: FastifyReply): Promise<unknown> => {
    const { token } = await chat.sessions.create(user);
    setCookie(reply, token, chat.sessions.sessionMs, environment);
    return { token, user: { id: user.id, name: user.name } };
  };
  const onlyDemo = async (request: FastifyRequest): Promise<void> => requireDemo(request, environment);
  app.post('/auth/demo', { onRequest: onlyDemo }, async (request, reply) => {
    const body = demoBody.safeParse(request.body);
    if (!body.success)
      throw new ChatError('bad-request', 'name: 1 to 40 characters, with a letter or a digit');
    return signIn(demoUser(body.data?.name), reply);
  });
  const onlyJwt = async (request: FastifyRequest): Promise<void> => {
    if (verify === undefined) throw new ChatError('forbidden', 'This server has no issuer of JWTs');
    await chat.limiter.requireSignIn({ address: chat.limiter.addressOf(request.raw) });
  };
  app.post('/auth/session', { onRequest: onlyJwt }, async (request, reply) => {
    const user = await verify?.(jwtOf(request));
    if (user === undefined || isDemo(user))
      throw new ChatError('unauthenticated', 'This user cannot sign in');
    await chat.limiter.requireSignIn({ user: user.id });
    return signIn(user, reply);
  });
  const signedIn = signedInOnly(chat);
  app.post('/auth/ticket', signedIn, async (request) => ({
    ticket: await chat.sessions.issueTicket(sessionOf(request)),
  }));
  app.post('/auth/logout', signedIn, async (request, reply) => {
    await chat.sessions.revoke(sessionOf(request));
    setCookie(reply, '', 0, environment);
    return reply.code(204).send();
  });
}

/** Only this machine's own users, and never through a proxy, which would open it to the world. */
function requireDemo(request: FastifyRequest, environment: Environment): void {
  if (environment.demo && isLoopbackHost(request.headers.host) && !isForwarded(request.raw)) return;
  throw new ChatError('forbidden', 'The demo sign-in works only on this machine itself, without a proxy');
}

/**
 * One user per name, so that several people can be tried; names that differ only in case, signs and spaces are one. All of
 * them are operators, for they sit at this machine.
 */
function demoUser(name = 'Demo'): User {
  const words =
    name
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  const key = words.join('-');
  return { id: key === 'demo' ? key : `demo:${key}`, name, operator: true };
}

/** An issuer must not give away what a demo user owns. */
function isDemo({ id }: User): boolean {
  return id === 'demo' || id.startsWith('demo:');
}

function jwtOf(request: FastifyRequest): string {
  const body = jwtBody.safeParse(request.body);
  const credential = credentialOf(request.raw, new URL('http://localhost'));
  const jwt = body.data?.jwt ?? (credential?.kind === 'bearer' ? credential.token : undefined);
  if (jwt === undefined) throw new ChatError('bad-request', 'jwt: a text is expected');
  return jwt;
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
