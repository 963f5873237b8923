import type { Limits } from '../../protocol/index.ts';
import { DEFAULT_LIMITS } from '../limits/index.ts';

/** What `ready` tells unless a server was given other limits. */
export const LIMITS: Limits = { ...DEFAULT_LIMITS };

/** Above this a socket's events wait in Redis instead of in this process. */
export const PAUSE_OUTGOING_BYTES: number = 262_144;

/** Frames of one socket that wait for their turn; beyond it the socket is read no further. */
export const MAX_WAITING_FRAMES: number = 32;
