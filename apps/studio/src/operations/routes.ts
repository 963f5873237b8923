import type { ChatServer } from '@taproot/chat/server';
import type { RedisManager } from '@taproot/redis';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Environment } from '../environment.ts';
import { operators } from '../http/operators.ts';
import { DeploymentView } from './deployment.ts';
import type { OperationsReport } from './report.ts';
import { Timeline } from './timeline.ts';

/** `GET /operations`: figures for operators; a browser that opens the address gets the page that shows them. */
export function addOperations(
  app: FastifyInstance,
  manager: RedisManager,
  chat: ChatServer,
  environment: Environment,
): void {
  const mayOperate = operators(manager, chat, environment);
  const timeline = new Timeline(chat.deliveries);
  const deployment = new DeploymentView(manager, chat);
  app.addHook('onClose', async () => timeline.close());

  app.get('/operations', async (request, reply) => {
    reply.header('vary', 'accept');
    if (wantsPage(request) && app.hasReplyDecorator('sendFile')) return reply.sendFile('index.html');
    if (!(await mayOperate(request))) return reply.callNotFound();
    await deployment.refresh();
    return reportOf();
  });

  function reportOf(): OperationsReport {
    const { figures, problem, aheadMs } = deployment;
    const { checks, reason, state, since } = manager.health();
    return {
      at: Date.now(),
      process: {
        role: environment.role,
        pid: process.pid,
        uptimeSeconds: Math.round(process.uptime()),
        memoryBytes: process.memoryUsage.rss(),
        ...chat.load,
        events: chat.deliveries?.total ?? 0,
      },
      readiness: { state, since, ...(reason !== undefined && { reason }), checks: { ...checks } },
      series: timeline.series(aheadMs),
      ...(figures && { deployment: figures }),
      ...(problem !== undefined && { problem }),
    };
  }
}

/** The page's own requests and other programs ask for JSON, or for anything. */
function wantsPage({ headers }: FastifyRequest): boolean {
  return headers.accept?.split(',').some((type) => type.trim().startsWith('text/html')) ?? false;
}
