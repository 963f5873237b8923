import type { Socket } from 'node:net';
import {
  type ChatError,
  type Problem,
  problem,
  problemOf,
  RETRY_AFTER_MS,
  toChatError,
} from '@taproot/chat/server';
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply } from 'fastify';

const NOT_FOUND = problem(404, 'not-found', 'There is nothing here');

const REFUSALS: Readonly<Record<number, Problem>> = {
  400: problem(400, 'bad-request', 'The request is not valid'),
  413: problem(413, 'too-large', 'The body is too large'),
  415: problem(415, 'unsupported-media-type', 'Send Content-Type: application/json'),
};

/** For what Node cannot read: it would answer in words of its own. */
export function refuseUnreadable({ code }: ConnectionError, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const refusal = UNREADABLE[code] ?? problem(400, 'bad-request', 'This is not HTTP');
  const body = JSON.stringify(refusal);
  const head = [
    `HTTP/1.1 ${refusal.status} ${refusal.title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const UNREADABLE: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: problem(431, 'too-large', 'The headers are too large'),
  ERR_HTTP_REQUEST_TIMEOUT: problem(408, 'bad-request', 'The request took too long'),
};

/** Every failure leaves as application/problem+json. */
export function addErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    // Refusals of Fastify and its plugins: a body that is too large or not JSON, a path that leads nowhere.
    if (status < 500) {
      const refusal = REFUSALS[status] ?? NOT_FOUND;
      return reply.code(refusal.status).type('application/problem+json').send(refusal);
    }
    const told = toChatError(error);
    if (told.code === 'internal') app.log.error(error);
    return sendProblem(reply, told);
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).type('application/problem+json').send(NOT_FOUND),
  );
}

function sendProblem(reply: FastifyReply, error: ChatError): FastifyReply {
  const body = problemOf(error, !['GET', 'HEAD'].includes(reply.request.method));
  if (body.status === 503 || body.status === 429)
    reply.header('retry-after', Math.ceil((error.retryAfterMs ?? RETRY_AFTER_MS) / 1000));
  if (body.status === 401) reply.header('www-authenticate', 'Bearer');
  return reply.code(body.status).type('application/problem+json').send(body);
}
