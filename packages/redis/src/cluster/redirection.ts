import type { Address } from '../topology/index.ts';

/** What MOVED and ASK tell. */
export interface Redirection {
  readonly kind: 'MOVED' | 'ASK';
  readonly slot: number;
  readonly address: Address;
}

/** Reads `MOVED 3999 host:port`, which `node` replied. One that does not know its own host is at the one that was asked. */
export function redirectionOf(error: unknown, node = ''): Redirection | undefined {
  const message = error instanceof Error ? error.message : '';
  const [, kind, slot, host, port] = /^(MOVED|ASK) (\d+) (.*):(\d+)$/.exec(message) ?? [];
  if (kind === undefined || host === undefined) return undefined;
  const asked = node.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return {
    kind: kind as Redirection['kind'],
    slot: Number(slot),
    address: { host: host === '' || host === '?' ? asked : host, port: Number(port) },
  };
}
