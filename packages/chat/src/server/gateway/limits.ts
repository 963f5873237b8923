import type { Limits } from '../../protocol/index.ts';

/** What one socket may do (PROTOCOL.md, "Limits"). */
export const LIMITS: Limits = {
  maxFrameBytes: 256 * 1024,
  maxTextBytes: 64 * 1024,
  maxQueuedRuns: 8,
  maxAttached: 64,
};

/** Bytes that may wait for a slow reader before its socket is closed with 4408. */
export const MAX_OUTGOING_BYTES: number = 8 * 1024 * 1024;

/** Above this a socket's events wait in Redis instead of in this process. */
export const PAUSE_OUTGOING_BYTES: number = 1024 * 1024;
