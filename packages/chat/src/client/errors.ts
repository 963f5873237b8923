import type { Applied, ErrorFrame, ProtocolErrorCode } from '../protocol/index.ts';

/** The server's own codes (PROTOCOL.md §11) and those of the client. */
export type ChatClientErrorCode =
  | ProtocolErrorCode
  /** The client was closed. */
  | 'closed'
  /** The caller's signal was aborted. */
  | 'aborted'
  /** Another user signed in; it is kept for the one who gave it. */
  | 'other-user'
  /** What outlives the page cannot be kept; told by `ChatClient.storage`. */
  | 'storage'
  /** No answer from the server, or none in time. */
  | 'network'
  /** HTTP 401, or close code 4401. */
  | 'not-signed-in'
  /** HTTP 403. */
  | 'not-allowed'
  /** Any other HTTP status that is not 2xx; see `status`. */
  | 'http'
  /** An option of `createChatClient` that cannot be used. */
  | 'bad-option'
  /** The server sent something that is not of the protocol. */
  | 'bad-answer';

export interface ChatClientErrorFields {
  /** Whether what was asked for happened: see PROTOCOL.md §11. */
  readonly applied?: Applied;
  readonly retryAfterMs?: number;
  /** HTTP status, where there was one. */
  readonly status?: number;
  /** The `code` of the server's problem document, where there was one. */
  readonly problem?: string;
  readonly cause?: unknown;
}

/** The one error class of the client. */
export class ChatClientError extends Error {
  override readonly name = 'ChatClientError';
  readonly code: ChatClientErrorCode;
  readonly applied: Applied;
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  readonly problem: string | undefined;

  constructor(code: ChatClientErrorCode, message: string, fields: ChatClientErrorFields = {}) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = code;
    this.applied = fields.applied ?? 'unknown';
    this.retryAfterMs = fields.retryAfterMs;
    this.status = fields.status;
    this.problem = fields.problem;
  }
}

/** What an `error` frame says, as an error. */
export function errorOf({ code, message, applied, retryAfterMs }: ErrorFrame): ChatClientError {
  return new ChatClientError(code, message, {
    applied,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
