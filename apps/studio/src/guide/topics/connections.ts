import { figure, type Info, readInfo, text } from '../redis/replies.ts';
import { code, figures, paragraphs, table } from '../text/markdown.ts';
import { bytes, count, duration, plural } from '../text/units.ts';
import { type ToolTopic, toolTopic } from '../topic.ts';

export interface ConnectionGroup {
  /** The name's parts, `app:role:owner`; absent in connections that are named otherwise or not at all. */
  readonly app?: string;
  readonly role?: string;
  readonly owner: string;
  readonly connections: number;
  readonly oldestSeconds: number;
  readonly idleSeconds: number;
  readonly bytes: number;
}

export interface ConnectionsResult {
  readonly connections: number;
  readonly blocked: number;
  readonly unnamed: number;
  readonly maxClients?: number;
  readonly rejected: number;
  readonly groups: readonly ConnectionGroup[];
  readonly more: number;
}

const MAX_ROWS = 15;
const UNNAMED = '(no name)';

export const connections: ToolTopic<ConnectionsResult> = toolTopic({
  name: 'connections',
  title: 'Connections',
  about: 'who is connected, by owner and role',
  examples: [
    'How many connections are open, and who owns them?',
    'connections by owner',
    'who is connected to redis?',
    'client list',
    'show me all clients',
    'list the open conections',
    'How many clients does Redis have right now?',
    'which process holds connections',
    'is somebody leaking connections?',
    'number of sockets to redis',
    'connection count',
    'what is connected at the moment?',
  ],
  cues: [
    ['connection', 4],
    ['connected', 3],
    ['client', 3],
    ['client list', 2],
    ['socket', 3],
    ['owner', 2],
    ['own', 1],
    ['who own them', 3],
    ['connection pool', 1],
    ['pool', 2],
    ['leaking', 1],
    ['using redis', 3],
    ['hold', 1],
    ['many', 0.5],
  ],
  tool: {
    name: 'list_connections',
    operatorOnly: true,
    input: {},
    async run({ redis }) {
      const [reply, info] = await Promise.all([
        redis.call(['CLIENT', 'LIST']),
        readInfo(redis, 'clients', 'stats'),
      ]);
      const clients = text(reply)
        .split('\n')
        .filter((line) => line !== '')
        .map(parse);
      const groups = [...Map.groupBy(clients, (client) => client.name)]
        .map(([name, members]) => summarise(name, members))
        .sort((a, b) => b.connections - a.connections || (a.owner < b.owner ? -1 : 1));
      const maxClients = figure(info, 'maxclients');
      return {
        connections: clients.length,
        blocked: figure(info, 'blocked_clients') ?? 0,
        unnamed: clients.filter((client) => client.name === '').length,
        ...(maxClients !== undefined && { maxClients }),
        rejected: figure(info, 'rejected_connections') ?? 0,
        groups: groups.slice(0, MAX_ROWS),
        more: Math.max(0, groups.length - MAX_ROWS),
      };
    },
  },
  render(result) {
    const { groups, more, maxClients } = result;
    return paragraphs(
      `**${plural(result.connections, 'connection')}** ${result.connections === 1 ? 'is' : 'are'} open${
        maxClients === undefined ? '' : ` of at most ${count(maxClients)}`
      }${result.blocked > 0 ? `, ${count(result.blocked)} of them waiting in a blocking command` : ''}.`,
      table(
        [
          'Owner',
          'Role',
          'App',
          figures('Connections'),
          figures('Open for'),
          figures('Idle for'),
          figures('Memory'),
        ],
        groups.map((group) => [
          group.owner === UNNAMED ? UNNAMED : code(group.owner, 40),
          group.role === undefined ? '—' : code(group.role, 24),
          group.app === undefined ? '—' : code(group.app, 24),
          count(group.connections),
          duration(group.oldestSeconds * 1000),
          duration(group.idleSeconds * 1000),
          bytes(group.bytes),
        ]),
      ),
      more > 0 && `${plural(more, 'further name is', 'further names are')} left out.`,
      advice(result),
    );
  },
});

function advice({ connections: open, unnamed, rejected, maxClients }: ConnectionsResult): string {
  const told: string[] = [];
  if (maxClients !== undefined && open > 0.8 * maxClients) {
    told.push('That is close to the limit: find the owner that grows, or raise `maxclients`.');
  }
  if (rejected > 0) told.push(`Redis has refused ${plural(rejected, 'connection')} since it started.`);
  if (unnamed > 0) {
    told.push(
      `${plural(unnamed, 'connection has', 'connections have')} no name, so ${unnamed === 1 ? 'it was' : 'they were'} not opened by the manager.`,
    );
  }
  return told.length > 0 ? told.join(' ') : 'Every connection has a name, so each has an owner.';
}

interface Client {
  readonly name: string;
  readonly age: number;
  readonly idle: number;
  readonly bytes: number;
}

/** A line of CLIENT LIST. Addresses and the last command stay out of the result. */
function parse(line: string): Client {
  const fields: Info = Object.fromEntries(
    line.split(' ').map((pair): [string, string] => {
      const equals = pair.indexOf('=');
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
  return {
    name: fields.name ?? '',
    age: figure(fields, 'age') ?? 0,
    idle: figure(fields, 'idle') ?? 0,
    bytes: figure(fields, 'tot-mem') ?? 0,
  };
}

function summarise(name: string, members: readonly Client[]): ConnectionGroup {
  const [app, role, ...owner] = name.split(':');
  const named = app !== undefined && role !== undefined && owner.length > 0;
  return {
    ...(named ? { app: app.slice(0, 80), role: role.slice(0, 80) } : {}),
    owner: named ? owner.join(':').slice(0, 80) : name.slice(0, 80) || UNNAMED,
    connections: members.length,
    oldestSeconds: Math.max(...members.map((client) => client.age)),
    idleSeconds: Math.min(...members.map((client) => client.idle)),
    bytes: members.reduce((sum, client) => sum + client.bytes, 0),
  };
}
