import { STATUS_CODES } from 'node:http';
import type { Applied } from '../../protocol/index.ts';
import type { ChatError, ChatErrorCode } from '../errors.ts';

/** An `application/problem+json` body (RFC 9457). */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: ChatErrorCode;
  readonly detail: string;
  /** Of a request that changes something and failed with 500 or 503: whether it did. */
  readonly applied?: Applied;
}

const STATUS: Readonly<Record<ChatErrorCode, number>> = {
  'bad-frame': 400,
  'bad-request': 400,
  'unknown-type': 400,
  'not-supported': 501,
  'not-found': 404,
  'not-attached': 409,
  'id-reused': 409,
  'too-large': 413,
  'queue-full': 429,
  'too-many-attached': 429,
  'unknown-target': 404,
  superseded: 409,
  'run-open': 409,
  'not-waiting': 409,
  'redis-unavailable': 503,
  internal: 500,
  unauthenticated: 401,
  forbidden: 403,
  'foreign-origin': 403,
  'foreign-host': 403,
  'unsupported-media-type': 415,
  'too-many-requests': 429,
  'too-many-threads': 409,
  'identity-unavailable': 503,
  'invalid-options': 500,
};

export function problem(status: number, code: ChatErrorCode, detail: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, code, detail };
}

/** The HTTP answer for a failure; `changes` is whether the request was to change something. */
export function problemOf({ code, message, applied }: ChatError, changes = true): Problem {
  const status = STATUS[code];
  const told = changes && (status === 500 || status === 503);
  return { ...problem(status, code, message), ...(told && { applied }) };
}
