/** Close codes of the WebSocket (PROTOCOL.md, "Close codes"). */
export const CLOSE = {
  goingAway: 1001,
  /** Not JSON, binary, or without the subprotocol. */
  policy: 1008,
  tooBig: 1009,
  /** Never because of Redis: a bug of ours, counted and alarmed. */
  bug: 1011,
  /** This gateway drains. */
  draining: 1012,
  tryAgainLater: 1013,
  notSignedIn: 4401,
  notAllowed: 4403,
  tooSlow: 4408,
  tooMany: 4429,
} as const;

/** What a client does after a close. */
export type AfterClose =
  | 'stay-closed'
  | 'sign-in'
  | 'reconnect-now'
  | 'reconnect-backoff'
  | 'reconnect-delayed';

/** The client's reaction to a close code that it did not cause itself. */
export function afterClose(code: number): AfterClose {
  switch (code) {
    case CLOSE.policy:
    case CLOSE.tooBig:
    case CLOSE.notAllowed:
      return 'stay-closed';
    case CLOSE.notSignedIn:
      return 'sign-in';
    case CLOSE.draining:
      return 'reconnect-now';
    case CLOSE.tryAgainLater:
    case CLOSE.tooMany:
      return 'reconnect-delayed';
    default:
      return 'reconnect-backoff';
  }
}
