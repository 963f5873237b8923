import {
  authenticate,
  type ChatServer,
  credentialOf,
  isForwarded,
  isLoopbackHost,
} from '@taproot/chat/server';
import type { RedisManager } from '@taproot/redis';
import type { FastifyRequest } from 'fastify';
import type { Environment } from '../environment.ts';

/** Whether a request comes from an operator, or from this machine itself. */
export function operators(
  manager: RedisManager,
  chat: ChatServer,
  environment: Environment,
): (request: FastifyRequest) => Promise<boolean> {
  return async (request) => {
    if (environment.loopback && isLoopbackHost(request.headers.host) && !isForwarded(request.raw))
      return true;
    // Whether somebody is an operator is known to Redis; while it is away nobody is.
    if (manager.state !== 'ready') return false;
    const credential = credentialOf(request.raw, new URL(request.url, 'http://localhost'));
    const session = credential?.kind === 'ticket' ? undefined : await authenticate(chat.sessions, credential);
    return session?.user.operator === true;
  };
}
