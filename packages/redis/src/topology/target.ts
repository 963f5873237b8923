import { RedisManagerError } from '../errors.ts';

/** A host and its port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** User and password. A password alone is that of the user `default`. */
export interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

/** What a URL names. */
export type UrlTarget =
  | {
      readonly kind: 'node';
      readonly address: Address;
      readonly tls: boolean;
      readonly database: number;
      readonly credentials: Credentials;
    }
  | {
      readonly kind: 'cluster';
      /** Nodes to ask for the others. */
      readonly seeds: readonly Address[];
      readonly tls: boolean;
      readonly credentials: Credentials;
    }
  | {
      readonly kind: 'socket';
      readonly path: string;
      readonly database: number;
      readonly credentials: Credentials;
    }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly Address[];
      readonly master: string;
      readonly tls: boolean;
      readonly database: number;
      readonly credentials: Credentials;
    };

const FORMS =
  'redis://[user:password@]host[:port][/database], rediss://…, unix:///path, redis+sentinel://host:port,host:port/master[/database], or redis+cluster://host:port,host:port';
/** Scheme, credentials, hosts, path. A list of hosts is nothing that the URL standard knows. */
const URL_FORM =
  /^(redis|rediss|unix|rediss?\+sentinel|rediss?\+cluster):\/\/(?:([^@/]*)@)?([^/?#]*)(\/[^?#]*)?$/;

/** Reads a URL without ever quoting it: it may hold a password. Throws `invalid-options`. */
export function parseTarget(url: string): UrlTarget {
  const [, scheme = '', userinfo = '', hosts = '', path = ''] = URL_FORM.exec(url) ?? [];
  if (scheme === '') throw invalid('another scheme or form');
  const credentials = parseCredentials(userinfo);
  if (scheme === 'unix') {
    if (hosts !== '' || path === '') throw invalid('a host or no path with unix://');
    return { kind: 'socket', path: decode(path), database: 0, credentials };
  }
  const tls = scheme.startsWith('rediss');
  const addresses = hosts
    .split(',')
    .map((host) => parseAddress(host, scheme.endsWith('sentinel') ? 26_379 : 6379));
  if (scheme.endsWith('sentinel')) {
    const [, master = '', database = '0'] = path.split('/');
    if (master === '') throw invalid('no name of the master');
    return {
      kind: 'sentinel',
      sentinels: addresses,
      master: decode(master),
      tls,
      database: parseDatabase(database),
      credentials,
    };
  }
  if (scheme.endsWith('cluster')) {
    // A Cluster has the database 0 only.
    if (path.slice(1) !== '' && path !== '/0') throw invalid('a database with a Cluster');
    return { kind: 'cluster', seeds: addresses, tls, credentials };
  }
  const [address, ...others] = addresses;
  if (address === undefined || others.length > 0) throw invalid('several hosts');
  return { kind: 'node', address, tls, database: parseDatabase(path.slice(1) || '0'), credentials };
}

/** `host:port`, as it names a node in errors and metrics. */
export function named({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function parseAddress(text: string, defaultPort: number): Address {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw invalid('a host that is none');
  const number = port === undefined ? defaultPort : Number(port);
  if (number < 1 || number > 65_535) throw invalid('a port that is none');
  return { host: host === '' ? '127.0.0.1' : host, port: number };
}

function parseCredentials(userinfo: string): Credentials {
  if (userinfo === '') return {};
  const at = userinfo.indexOf(':');
  const username = decode(at < 0 ? userinfo : userinfo.slice(0, at));
  const password = at < 0 ? '' : decode(userinfo.slice(at + 1));
  return { ...(username !== '' && { username }), ...(password !== '' && { password }) };
}

function parseDatabase(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw invalid('a database that is no number');
  return Number(text);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('a % that is not followed by two hexadecimal digits');
  }
}

function invalid(got: string): RedisManagerError {
  return new RedisManagerError(`Option url: expected ${FORMS}, got ${got}`, {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
  });
}
