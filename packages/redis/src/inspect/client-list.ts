import { fields, figure } from './info.ts';

/** Where a connection comes from. Addresses themselves stay out of reports. */
export type AddressClass = 'this machine' | 'unix socket' | 'private network' | 'other network';

/** One line of CLIENT LIST, without its address and its last command. */
export interface ListedClient {
  readonly name: string;
  /** E.g. `node-redis`; servers before 7.2 do not tell. */
  readonly library: string | undefined;
  readonly from: AddressClass;
  /** The link of a replica to its master, or of a Cluster's migration. */
  readonly replication: boolean;
  /** Waits in a blocking command. */
  readonly blocked: boolean;
  readonly ageSeconds: number;
  readonly idleSeconds: number;
  readonly memoryBytes: number;
}

export function parseClientList(reply: string): ListedClient[] {
  return reply
    .split('\n')
    .filter((line) => line !== '')
    .map(parseClient);
}

function parseClient(line: string): ListedClient {
  const client = fields(line, ' ');
  const flags = client.flags ?? '';
  return {
    name: client.name ?? '',
    library: client['lib-name'] || undefined,
    from: addressClass(client.addr ?? ''),
    replication: /[MS]/.test(flags),
    blocked: flags.includes('b'),
    ageSeconds: figure(client, 'age') ?? 0,
    idleSeconds: figure(client, 'idle') ?? 0,
    memoryBytes: figure(client, 'tot-mem') ?? 0,
  };
}

/** `127.0.0.1:50312`, `[::1]:50312`, or a path and `:0`. */
export function addressClass(address: string): AddressClass {
  const host = address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const ipv4 = host.replace(/^::ffff:/i, '');
  if (host === '' || host.startsWith('/') || host.startsWith('@')) return 'unix socket';
  if (ipv4.startsWith('127.') || host === '::1') return 'this machine';
  // RFC 1918, RFC 3927, RFC 6598, RFC 4193, RFC 4291.
  const isPrivate =
    /^(?:10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./.test(
      ipv4,
    ) || /^(?:f[cd]|fe[89ab])[0-9a-f]*:/i.test(host);
  return isPrivate ? 'private network' : 'other network';
}
