import type { AddressInfo } from 'node:net';
import fastifyCookie from '@fastify/cookie';
import {
  type Agent,
  type Allowed,
  type ChatServer,
  createChatServer,
  createJwtVerifier,
  type ThreadInfo,
  type User,
} from '@taproot/chat/server';
import type { RedisManager } from '@taproot/redis';
import { type FastifyInstance, fastify } from 'fastify';
import type { Environment } from './environment.ts';
import { addAuth } from './http/auth.ts';
import { addErrors, refuseUnreadable } from './http/errors.ts';
import { addHealth } from './http/health.ts';
import { addPage } from './http/page.ts';
import { addSecurity, decodableUrl } from './http/security.ts';
import { addThreads } from './http/threads.ts';
import { addOperations } from './operations/routes.ts';
import { addressOf } from './trust-proxy.ts';

export interface Studio {
  readonly url: string;
  close(): Promise<void>;
}

export interface StudioOptions {
  readonly environment: Environment;
  readonly manager: RedisManager;
  /** Makes the agent; it may list a user's own threads. */
  readonly createAgent: (listThreads: (user: User) => Promise<readonly ThreadInfo[]>) => Agent;
  readonly secret: Uint8Array;
}

const BODY_LIMIT = 256 * 1024;
/** A whole request; slower ones only hold their connection. */
const REQUEST_MS = 30_000;
const HEADERS_MS = 10_000;
/** Connections beside WebSockets; more are closed at once. */
const MAX_REQUESTS = 2000;
/** Requests under way may take so long after the last socket was sent elsewhere. */
const FINISH_MS = 2000;

/** The studio's HTTP and WebSocket server, listening. */
export async function startStudio({
  environment,
  manager,
  createAgent,
  secret,
}: StudioOptions): Promise<Studio> {
  const allowed = allowedOf(environment);
  const app: FastifyInstance = fastify({
    bodyLimit: BODY_LIMIT,
    logger: { level: 'warn' },
    trustProxy: environment.trustProxy ?? false,
    rewriteUrl: decodableUrl,
    forceCloseConnections: 'idle',
    requestTimeout: REQUEST_MS,
    http: {
      headersTimeout: HEADERS_MS,
      connectionsCheckingInterval: 5_000,
      // A missing Host is refused like a foreign one, with a problem.
      requireHostHeader: false,
    },
    clientErrorHandler: refuseUnreadable,
  });
  const chat: ChatServer = createChatServer({
    manager,
    agent: createAgent((user) => chat.threads.list(user)),
    secret,
    allowed,
    limits: environment.limits,
    addressOf: addressOf(environment.trustProxy),
    role: environment.role,
    onError: (error) => app.log.error(error),
  });
  app.server.maxConnections = chat.limiter.limits.maxSockets + MAX_REQUESTS;
  addSecurity(app, allowed, chat.limiter);
  addErrors(app);
  addHealth(app, manager, chat, environment);
  addOperations(app, manager, chat, environment);
  // A worker has operators, and no users.
  if (environment.role !== 'worker') await addUsers(app, chat, environment);
  await app.listen({ host: environment.host, port: environment.port });
  return { url: urlOf(app, environment), close: () => close(app, chat) };
}

async function addUsers(app: FastifyInstance, chat: ChatServer, environment: Environment): Promise<void> {
  await app.register(fastifyCookie);
  addAuth(app, chat, environment, environment.jwt && createJwtVerifier(environment.jwt));
  addThreads(app, chat);
  await addPage(app);
  app.server.on('upgrade', (request, socket, head) => chat.handleUpgrade(request, socket, head));
}

/**
 * Sockets are sent elsewhere and runs are left to others first. Until then it listens on, so that /readyz and new upgrades are
 * answered by 503, and requests are finished.
 */
async function close(app: FastifyInstance, chat: ChatServer): Promise<void> {
  await chat.close();
  const cut = setTimeout(() => app.server.closeAllConnections(), FINISH_MS);
  await app.close();
  clearTimeout(cut);
}

function allowedOf({ host, allowedOrigins }: Environment): Allowed {
  const names = allowedOrigins.map((origin) => new URL(origin).hostname);
  return { hosts: new Set([inUrl(host).toLowerCase(), ...names]), origins: new Set(allowedOrigins) };
}

function urlOf(app: FastifyInstance, { host }: Environment): string {
  const { port } = app.server.address() as AddressInfo;
  return `http://${inUrl(host)}:${port}`;
}

function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
