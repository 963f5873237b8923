import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';

/** Where a request comes from, as text; undefined if that is not known. */
export type AddressOf = (request: IncomingMessage) => string | undefined;

/** The other end of the connection: right where no proxy stands in between. */
export const peerAddress: AddressOf = (request) => request.socket.remoteAddress;

/** For addresses that a trusted proxy told and that are none: they share what one address may do. */
const UNREADABLE = 'unreadable';
const PORT: RegExp = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d+)?$/;

/**
 * What an address is counted by: itself, or of IPv6 its /64, of which anybody has all. Undefined for this machine's own: that is
 * a developer, or a proxy that was not declared, behind which everybody has one address.
 */
export function addressKey(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const [, six, four] = PORT.exec(address) ?? [];
  const text = six ?? four ?? address;
  if (!ipaddr.isValid(text)) return UNREADABLE;
  const read = ipaddr.process(text);
  if (read.range() === 'loopback') return undefined;
  if (read instanceof ipaddr.IPv4) return read.toString();
  return `${read.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
