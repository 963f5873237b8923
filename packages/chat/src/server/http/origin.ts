import type { IncomingHttpHeaders } from 'node:http';

/** Whom a server answers. */
export interface Allowed {
  /** Host names without port, in lower case, IPv6 in brackets, beside the loopback ones. */
  readonly hosts: ReadonlySet<string>;
  /** Origins of other pages that may call, e.g. `https://chat.example.com`. */
  readonly origins: ReadonlySet<string>;
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether a Host header is one of this machine's loopback names. */
export function isLoopbackHost(host: string | undefined): boolean {
  return LOOPBACK.has(hostName(host));
}

/** A name that is not ours, although it resolves to us, is DNS rebinding. */
export function hostAllowed(host: string | undefined, allowed: Allowed): boolean {
  const name = hostName(host);
  return LOOPBACK.has(name) || allowed.hosts.has(name);
}

/** No Origin (not a browser's cross-site request), the page's own, or one that the operator allowed. */
export function originAllowed(headers: IncomingHttpHeaders, allowed: Allowed): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return true;
  if (allowed.origins.has(origin)) return true;
  try {
    return new URL(origin).host === host?.toLowerCase();
  } catch {
    return false;
  }
}

/** Whether a proxy says that it passed the request on. */
export function isForwarded(headers: IncomingHttpHeaders): boolean {
  return FORWARDING.some((name) => headers[name] !== undefined);
}

const FORWARDING = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'cf-connecting-ip',
  'x-client-ip',
];

function hostName(host: string | undefined): string {
  return (host ?? '').toLowerCase().replace(/:\d*$/, '');
}
