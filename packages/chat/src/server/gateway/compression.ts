import type { PerMessageDeflateOptions } from 'ws';

/** Frames below this are sent as they are. */
const THRESHOLD_BYTES = 1024;
/** Calls of zlib at once, in this process. */
const CONCURRENCY = 4;

/**
 * permessage-deflate. It costs memory for each socket and time on each frame, and deltas are too short to gain from it; hence
 * without context takeover, which would keep a window per socket.
 */
export function compressionOf(wanted: boolean): PerMessageDeflateOptions | false {
  if (!wanted) return false;
  return {
    threshold: THRESHOLD_BYTES,
    concurrencyLimit: CONCURRENCY,
    serverNoContextTakeover: true,
    clientNoContextTakeover: true,
  };
}
