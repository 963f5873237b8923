import type { RedisArgument } from '../connection/call.ts';

/** Slots of every Cluster. */
export const SLOTS = 16_384;

const OPEN = 0x7b;
const CLOSE = 0x7d;
/** CRC-16 of each byte (XMODEM: polynomial 0x1021, starting from 0). */
const CRC = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/** The slot of a key or of a sharded channel: the CRC-16 of its hash tag, or of all of it (Redis Cluster specification, "Hash tags"). */
export function slotOf(key: RedisArgument): number {
  const bytes = typeof key === 'string' ? Buffer.from(key) : key;
  const open = bytes.indexOf(OPEN);
  const close = open < 0 ? -1 : bytes.indexOf(CLOSE, open + 1);
  // Without a tag, and with an empty one, the whole key counts.
  const tagged = close > open + 1;
  const end = tagged ? close : bytes.length;
  let crc = 0;
  for (let at = tagged ? open + 1 : 0; at < end; at++)
    crc = ((crc << 8) ^ (CRC[((crc >> 8) ^ (bytes[at] ?? 0)) & 0xff] ?? 0)) & 0xffff;
  return crc % SLOTS;
}
