import { type AddressClass, type ListedClient, parseClientList } from './client-list.ts';
import { Families } from './families.ts';
import { figure, readInfo } from './info.ts';
import type { Reader } from './reader.ts';
import { text } from './replies.ts';

/** Open connections, by owner. Of a Cluster: of all masters together. */
export interface ConnectionsReport {
  readonly total: number;
  readonly memoryBytes: number;
  /** Waiting in a blocking command. */
  readonly blocked: number;
  /** Without a name, so nobody can tell whose they are. */
  readonly unnamed: number;
  /** Of the server that allows the fewest; undefined where servers do not tell. */
  readonly maxClients: number | undefined;
  /** Connections of the server that has the most. */
  readonly mostOnOneServer: number;
  /** Refused since the servers started, because there were too many. */
  readonly rejected: number;
  /** Most memory first. */
  readonly owners: readonly ConnectionOwner[];
}

export interface ConnectionOwner {
  /** Parts of a name `app:role:owner`, as every connection of a manager has. */
  readonly app: string | undefined;
  readonly role: string | undefined;
  /** Of other names the family, ids masked; undefined without a name. */
  readonly owner: string | undefined;
  /** Only told of connections that no `app:role:owner` names; servers before 7.2 do not know it. */
  readonly library: string | undefined;
  readonly from: AddressClass | undefined;
  readonly connections: number;
  readonly memoryBytes: number;
  /** Age of the oldest. */
  readonly oldestSeconds: number;
  /** Since the last command of any of them. */
  readonly idleSeconds: number;
}

/** Undefined where no server lets us read CLIENT LIST. */
export async function connectionsReport(readers: readonly Reader[]): Promise<ConnectionsReport | undefined> {
  const servers = await Promise.all(readers.map(readServer));
  const listed = servers.filter(({ list }) => list !== undefined);
  if (listed.length === 0) return undefined;
  const clients = listed.flatMap(({ list }) => list ?? []);
  const limits = servers.flatMap(({ maxClients }) => maxClients ?? []);
  return {
    total: clients.length,
    memoryBytes: sum(clients, ({ memoryBytes }) => memoryBytes),
    blocked: clients.filter(({ blocked }) => blocked).length,
    unnamed: clients.filter(({ name, replication }) => name === '' && !replication).length,
    maxClients: limits.length === 0 ? undefined : Math.min(...limits),
    mostOnOneServer: Math.max(...listed.map(({ list }) => list?.length ?? 0)),
    rejected: sum(servers, ({ rejected }) => rejected),
    owners: ownersOf(clients),
  };
}

async function readServer(reader: Reader) {
  const [reply, info] = await Promise.all([
    reader.optional('CLIENT LIST', ['CLIENT', 'LIST']),
    readInfo(reader, 'clients', 'stats'),
  ]);
  return {
    list: reply === undefined ? undefined : parseClientList(text(reply)),
    maxClients: figure(info, 'maxclients'),
    rejected: figure(info, 'rejected_connections') ?? 0,
  };
}

/** Groups connections by their owner: by `app:role:owner`, others by name, library and where they come from. */
export function ownersOf(clients: readonly ListedClient[]): ConnectionOwner[] {
  const families = new Families<undefined>(() => undefined);
  for (const { name } of clients) families.place(name);
  const groups = Map.groupBy(clients, (client) => JSON.stringify(ownerOf(client, families)));
  return [...groups.values()]
    .map((members) => summarise(members, families))
    .sort((a, b) => b.memoryBytes - a.memoryBytes || b.connections - a.connections);
}

type Owner = Pick<ConnectionOwner, 'app' | 'role' | 'owner' | 'library' | 'from'>;

/** The roles of a manager's connections; `bull:queue:w:1` also has several parts and is none of them. */
const NAMED = /^([\w.-]{1,32}):(command|subscriber|blocking|loan):(.+)$/;

function ownerOf({ name, library, from, replication }: ListedClient, families: Families<undefined>): Owner {
  const [, app, role, owner] = NAMED.exec(name) ?? [];
  if (owner !== undefined) return { app, role, owner, library: undefined, from: undefined };
  const none = { app: undefined, role: undefined };
  if (replication) return { ...none, role: 'replication', owner: undefined, library: undefined, from };
  return { ...none, owner: name === '' ? undefined : families.templateOf(name), library, from };
}

function summarise(members: readonly ListedClient[], families: Families<undefined>): ConnectionOwner {
  const [first] = members as [ListedClient, ...ListedClient[]];
  return {
    ...ownerOf(first, families),
    connections: members.length,
    memoryBytes: sum(members, ({ memoryBytes }) => memoryBytes),
    oldestSeconds: members.reduce((oldest, { ageSeconds }) => Math.max(oldest, ageSeconds), 0),
    idleSeconds: members.reduce((idle, client) => Math.min(idle, client.idleSeconds), Infinity),
  };
}

function sum<T>(items: readonly T[], figureOf: (item: T) => number): number {
  return items.reduce((total, item) => total + figureOf(item), 0);
}
