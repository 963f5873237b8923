import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

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

/**
 * Whether a request shows a proxy's marks: a header that only proxies add, or HTTP/1.0, which nginx speaks to its upstreams
 * by default. A proxy that leaves no mark cannot be told from a browser.
 */
export function isForwarded({
  headers,
  httpVersion,
}: Pick<IncomingMessage, 'headers' | 'httpVersion'>): boolean {
  return httpVersion === '1.0' || Object.keys(headers).some((name) => PROXY_HEADER.test(name));
}

const PROXY_HEADER =
  /^(via|cdn-loop|forwarded.*|x-forwarded.*|x-(real|original|client|cluster|envoy)-.*|x-scheme|cf-.*|(.*-)?client-ip)$/;

function hostName(host: string | undefined): string {
  return (host ?? '').toLowerCase().replace(/:\d*$/, '');
}
