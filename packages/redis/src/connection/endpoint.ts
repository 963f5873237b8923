import type { RedisClientOptions } from 'redis';

/** Where to connect, and how to name it in errors without its credentials. */
export interface Endpoint {
  readonly node: string;
  readonly client: RedisClientOptions;
}

/** The endpoint of a `redis://`, `rediss://` or `unix://` URL. */
export function endpointOfUrl(url: URL): Endpoint {
  const credentials = {
    ...(url.username && { username: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
  };
  if (url.protocol === 'unix:') {
    const path = decodeURIComponent(url.pathname);
    return { node: `unix:${path}`, client: { ...credentials, socket: { path, tls: false } } };
  }
  const host = url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1';
  const port = url.port ? Number(url.port) : 6379;
  const database = Number(url.pathname.slice(1) || 0);
  const socket = url.protocol === 'rediss:' ? ({ host, port, tls: true } as const) : { host, port };
  return { node: `${host}:${port}`, client: { ...credentials, database, socket } };
}

/** The endpoint of an embedded server. */
export function endpointOfSocket(path: string): Endpoint {
  return { node: `unix:${path}`, client: { socket: { path, tls: false } } };
}
