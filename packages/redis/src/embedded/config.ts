import { totalmem } from 'node:os';
import type { ServerFiles } from './folder.ts';

/** A quarter of the memory that this process may use, at most 1 GiB. */
export function defaultMaxMemoryBytes(): number {
  // A container's limit is below what the machine has; without one this is 0 or more than the machine has.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.floor(Math.min(2 ** 30, Math.min(totalmem(), limit) / 4));
}

/** The text of redis.conf: durable on every write, nothing evicted, reachable by a private socket only. */
export function serverConfig(files: ServerFiles, maxMemoryBytes: number): string {
  const settings: readonly (readonly [string, string])[] = [
    ['port', '0'],
    ['unixsocket', files.socket],
    ['unixsocketperm', '600'],
    ['dir', files.data],
    ['pidfile', files.pid],
    ['logfile', files.log],
    ['daemonize', 'no'],
    ['appendonly', 'yes'],
    ['appendfsync', 'always'],
    // The append-only file is the data; a snapshot beside it would be a second truth.
    ['save', ''],
    ['maxmemory', String(Math.floor(maxMemoryBytes))],
    ['maxmemory-policy', 'noeviction'],
  ];
  return settings.map(([name, value]) => `${name} ${quote(value)}\n`).join('');
}

/** As redis.conf takes any bytes: in double quotes, with what is not plain as \xHH. */
function quote(value: string): string {
  let quoted = '';
  for (const byte of Buffer.from(value)) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    quoted += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `"${quoted}"`;
}
