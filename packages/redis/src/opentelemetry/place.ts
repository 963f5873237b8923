/** Where a call went, as the conventions want it. */
export interface Place {
  /** Host, or path of the socket. */
  readonly address: string;
  readonly port: number | undefined;
  readonly database: string | undefined;
}

/** Of a node's name: `host:port`, `[v6]:port`, `host:port/database`, `unix:path`. */
export function placeOf(node: string): Place {
  if (node.startsWith('unix:')) return { address: node.slice(5), port: undefined, database: undefined };
  const [, host = node, port, database] = /^(.*):(\d+)(?:\/(\d+))?$/.exec(node) ?? [];
  return {
    address: host.replace(/^\[(.*)\]$/, '$1'),
    port: port === undefined ? undefined : Number(port),
    database,
  };
}
