import type { ChatServer } from '@taproot/chat/server';
import type { FastifyInstance } from 'fastify';
import { sessionOf, signedInOnly } from './auth.ts';

/** Mounts the chat package's routes. */
export function addThreads(app: FastifyInstance, chat: ChatServer): void {
  for (const { method, path, handle } of chat.routes) {
    app.route({
      method,
      url: path,
      ...signedInOnly(chat),
      handler: async (request, reply) => {
        const { user } = sessionOf(request);
        const { status, body } = await handle({
          user,
          params: request.params as Record<string, string>,
          query: request.query as Record<string, unknown>,
          body: request.body,
        });
        return reply.code(status).send(body);
      },
    });
  }
}
