/** Keys that belong to a library which names them itself. */
export interface ReservedPrefix {
  readonly prefix: string;
  readonly owner: string;
}

/** Libraries that run on loans, and what they begin their keys with unless they are told otherwise. */
export const RESERVED_PREFIXES: readonly ReservedPrefix[] = [
  { prefix: 'bull:', owner: 'BullMQ' },
  { prefix: 'sess:', owner: 'connect-redis' },
  { prefix: 'socket.io', owner: 'Socket.IO' },
  { prefix: 'rlflx:', owner: 'rate-limiter-flexible' },
  { prefix: 'keyv:', owner: 'Keyv' },
];
