import {
  authenticate,
  type ChatServer,
  credentialOf,
  isForwarded,
  isLoopbackHost,
} from '@taproot/chat/server';
import type { RedisManager } from '@taproot/redis';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Environment } from '../environment.ts';
import { metricsText } from '../metrics.ts';

/** /livez, /readyz and /metrics. The last and the checks of /readyz are for operators and for this machine itself. */
export function addHealth(
  app: FastifyInstance,
  manager: RedisManager,
  chat: ChatServer,
  environment: Environment,
): void {
  app.get('/livez', async () => ({ status: 'live' }));

  app.get('/readyz', async (request, reply) => {
    const { state, checks, reason } = manager.health();
    const ready = state === 'ready';
    if (!ready) reply.header('retry-after', '1');
    reply.code(ready ? 200 : 503).header('cache-control', 'no-store');
    return (await mayOperate(request))
      ? { state, ...(reason !== undefined && { reason }), checks }
      : { state };
  });

  app.get('/metrics', async (request, reply) => {
    if (!(await mayOperate(request))) return reply.callNotFound();
    return reply.type('text/plain; version=0.0.4').send(metricsText(manager, chat));
  });

  async function mayOperate(request: FastifyRequest): Promise<boolean> {
    if (environment.loopback && isLoopbackHost(request.headers.host) && !isForwarded(request.raw))
      return true;
    // Whether somebody is an operator is known to Redis; while it is away nobody is.
    if (manager.state !== 'ready') return false;
    const credential = credentialOf(request.raw, new URL(request.url, 'http://localhost'));
    const session = credential?.kind === 'ticket' ? undefined : await authenticate(chat.sessions, credential);
    return session?.user.operator === true;
  }
}
