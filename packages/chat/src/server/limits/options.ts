import { ChatError } from '../errors.ts';

/**
 * Everything that is bounded (PROTOCOL.md §13). _Of a user_ and _of an address_ count on one gateway unless it says "everywhere";
 * an address may do `addressFactor` times as much as a user.
 */
export interface ChatLimits {
  /** Bytes of one frame; a larger one closes the socket with 1009. @default 262144 */
  readonly maxFrameBytes: number;
  /** UTF-8 bytes of one message's text. @default 65536 */
  readonly maxTextBytes: number;
  /** Runs of one thread that may wait. @default 8 */
  readonly maxQueuedRuns: number;
  /** Threads that one socket may attach. @default 64 */
  readonly maxAttached: number;
  /** Open sockets of this gateway; more are closed with 1013. @default 10000 */
  readonly maxSockets: number;
  /** Open sockets of a user; more are closed with 4429. @default 64 */
  readonly maxSocketsPerUser: number;
  /** Frames per second of a user, ten seconds' worth at once; more close the socket with 4429. @default 100 */
  readonly framesPerSecond: number;
  /** Bytes of frames per second of a user, sixteen seconds' worth at once; more close the socket with 4429. @default 524288 */
  readonly bytesPerSecond: number;
  /** HTTP requests and upgrades per second of a user, ten seconds' worth at once. @default 50 */
  readonly requestsPerSecond: number;
  /** Runs that a user may ask for per minute, everywhere. @default 300 */
  readonly sendsPerMinute: number;
  /** Searches of a user per minute, everywhere. @default 120 */
  readonly searchesPerMinute: number;
  /** Sign-ins of a user per minute, everywhere. @default 20 */
  readonly signInsPerMinute: number;
  /** Threads of a user, everywhere. @default 10000 */
  readonly maxThreads: number;
  /** How many users' worth an address may do: others may share it. @default 10 */
  readonly addressFactor: number;
  /** Bytes that may wait for a slow reader before its socket is closed with 4408. @default 8388608 */
  readonly maxOutgoingBytes: number;
  /** How long a frame may wait for a slow reader before its socket is closed with 4408, in ms. @default 30000 */
  readonly maxOutgoingMs: number;
  /** Bytes that may wait for all readers together; beyond it the slowest are closed with 4408. @default 268435456 */
  readonly maxTotalOutgoingBytes: number;
}

export const DEFAULT_LIMITS: ChatLimits = {
  maxFrameBytes: 262_144,
  maxTextBytes: 65_536,
  maxQueuedRuns: 8,
  maxAttached: 64,
  maxSockets: 10_000,
  maxSocketsPerUser: 64,
  framesPerSecond: 100,
  bytesPerSecond: 524_288,
  requestsPerSecond: 50,
  sendsPerMinute: 300,
  searchesPerMinute: 120,
  signInsPerMinute: 20,
  maxThreads: 10_000,
  addressFactor: 10,
  maxOutgoingBytes: 8_388_608,
  maxOutgoingMs: 30_000,
  maxTotalOutgoingBytes: 268_435_456,
};

/** Throws `invalid-options` for a name that there is not, and for anything but a whole number from 1 on. */
export function resolveLimits(given: Readonly<Record<string, number | undefined>> = {}): ChatLimits {
  const set = Object.entries(given).filter((entry): entry is [string, number] => entry[1] !== undefined);
  for (const [name, value] of set) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      const names = Object.keys(DEFAULT_LIMITS).join(', ');
      throw new ChatError('invalid-options', `There is no limit ${JSON.stringify(name)}; there are ${names}`);
    }
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ChatError(
        'invalid-options',
        `The limit ${name} must be a whole number from 1 on, not ${value}`,
      );
  }
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(set) };
}
