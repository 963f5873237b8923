import { type ChatError, problem, problemOf, RETRY_AFTER_MS, toChatError } from '@taproot/chat/server';
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';

/** Every failure leaves as application/problem+json. */
export function addErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    // Fastify's own refusals: a body that is too large or not JSON.
    if (error.code?.startsWith('FST_') && status < 500) {
      const code = status === 413 ? 'too-large' : status === 415 ? 'unsupported-media-type' : 'bad-request';
      return reply
        .code(status)
        .type('application/problem+json')
        .send(problem(status, code, 'The request is not valid'));
    }
    const told = toChatError(error);
    if (told.code === 'internal') app.log.error(error);
    return sendProblem(reply, told);
  });
  app.setNotFoundHandler((_request, reply) =>
    reply
      .code(404)
      .type('application/problem+json')
      .send(problem(404, 'not-found', 'There is nothing here')),
  );
}

function sendProblem(reply: FastifyReply, error: ChatError): FastifyReply {
  const body = problemOf(error, !['GET', 'HEAD'].includes(reply.request.method));
  if (body.status === 503)
    reply.header('retry-after', Math.ceil((error.retryAfterMs ?? RETRY_AFTER_MS) / 1000));
  if (body.status === 401) reply.header('www-authenticate', 'Bearer');
  return reply.code(body.status).type('application/problem+json').send(body);
}
