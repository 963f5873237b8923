import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ChatErrorCode } from '../errors.ts';
import { problem } from '../http/problem.ts';

/** Answers an upgrade with a plain HTTP status instead of a socket. */
export function refuseUpgrade(
  socket: Duplex,
  status: number,
  code: ChatErrorCode,
  retryAfterMs?: number,
): void {
  if (socket.destroyed || socket.writableEnded) return;
  const title = STATUS_CODES[status] ?? 'Refused';
  const body = JSON.stringify(problem(status, code, title));
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...(retryAfterMs === undefined ? [] : [`Retry-After: ${Math.ceil(retryAfterMs / 1000)}`]),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
