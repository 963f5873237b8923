import type { IncomingMessage } from 'node:http';
import proxyAddr from '@fastify/proxy-addr';

/** Whether the word of the machine `address`, the `hop`-th from here, is believed. */
export type TrustProxy = (address: string, hop: number) => boolean;

const MAX_HOPS = 10;

/**
 * Reads TRUST_PROXY: a number of proxies, each of which adds to X-Forwarded-For, or a list of their addresses and networks.
 * Throws for anything else.
 */
export function trustProxy(text: string | undefined): TrustProxy | undefined {
  if (text === undefined || text === '0') return undefined;
  if (/^\d+$/.test(text)) {
    const hops = Number(text);
    if (hops > MAX_HOPS) throw new RangeError('too many hops');
    return (_address, hop) => hop < hops;
  }
  return proxyAddr.compile(text.split(',').map((part) => part.trim()));
}

/** Where a request comes from: the nearest address that is not a trusted proxy's. */
export function addressOf(trust: TrustProxy | undefined): (request: IncomingMessage) => string | undefined {
  if (trust === undefined) return (request) => request.socket.remoteAddress;
  return (request) => proxyAddr(request, trust);
}
