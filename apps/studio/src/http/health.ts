import type { ChatServer } from '@taproot/chat/server';
import type { RedisManager } from '@taproot/redis';
import type { FastifyInstance } from 'fastify';
import type { Environment } from '../environment.ts';
import { metricsText } from '../metrics.ts';
import { operators } from './operators.ts';

/** /livez, /readyz and /metrics. The last and the checks of /readyz are for operators and for this machine itself. */
export function addHealth(
  app: FastifyInstance,
  manager: RedisManager,
  chat: ChatServer,
  environment: Environment,
): void {
  const mayOperate = operators(manager, chat, environment);
  app.get('/livez', async () => ({ status: 'live' }));

  app.get('/readyz', async (request, reply) => {
    const { checks, reason, ...health } = manager.health();
    // Redis may be well: this process takes nothing new.
    const state = chat.draining ? 'closing' : health.state;
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
}
