import { RedisManagerError } from '@taproot/redis';
import type { Applied, ProtocolErrorCode } from '../protocol/index.ts';

/** Codes of problems over HTTP beside those of the socket (PROTOCOL.md, "Problems"). */
export type ChatErrorCode =
  | ProtocolErrorCode
  | 'unauthenticated'
  | 'forbidden'
  | 'bad-request'
  | 'foreign-origin'
  | 'foreign-host'
  | 'unsupported-media-type'
  | 'too-many-threads'
  | 'identity-unavailable'
  | 'invalid-options';

export interface ChatErrorDetails {
  readonly applied?: Applied;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** Every failure that this package tells a client. */
export class ChatError extends Error {
  readonly code: ChatErrorCode;
  /** Whether the request had an effect. */
  readonly applied: Applied;
  readonly retryAfterMs: number | undefined;

  constructor(code: ChatErrorCode, message: string, details: ChatErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ChatError';
    this.code = code;
    this.applied = details.applied ?? 'no';
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** How long a client waits before it tries again what Redis could not do. */
export const RETRY_AFTER_MS = 1000;

/** What a client is told about any failure: Redis' trouble as `redis-unavailable` with the true `applied`, our bugs as `internal`. */
export function toChatError(error: unknown): ChatError {
  if (error instanceof ChatError) return error;
  if (error instanceof RedisManagerError) {
    if (error.code === 'log-missing') return new ChatError('not-found', 'There is no such thread');
    if (error.code === 'id-reused') return new ChatError('id-reused', 'This id was used for another message');
    return new ChatError('redis-unavailable', 'Redis cannot do this now', {
      applied: error.applied,
      retryAfterMs: RETRY_AFTER_MS,
      cause: error,
    });
  }
  return new ChatError('internal', 'Something went wrong here', { applied: 'unknown', cause: error });
}
