import {
  Cluster,
  type ClusterNode,
  type ClusterOptions,
  type Command,
  type Redis,
  type RedisOptions,
} from 'ioredis';
import { fullJitter } from '../connection/backoff.ts';
import type { Credentials, Endpoint } from '../topology/index.ts';
import {
  type ClusterContext,
  type LoanParts,
  nameOf,
  RECONNECT_MAX_MS,
  RECONNECT_MIN_MS,
} from './context.ts';
import { LoanConnector } from './ioredis-connector.ts';
import { IORedisEntry } from './ioredis-entry.ts';
import { guarded, quitInTime } from './ioredis-guards.ts';
import { withoutManaged } from './options.ts';
import { redact } from './redact.ts';

type Options = Record<string, unknown>;

/** How ioredis keeps its one connection for subscriptions. */
interface Subscriber {
  selectSubscriber(): void;
  getInstance(): Redis | null;
}

/** An ioredis Cluster client that is out. It finds the nodes itself; each connection to one of them is made as the manager says. */
export class LentCluster extends Cluster {
  readonly #parts: LoanParts;
  readonly #context: ClusterContext;
  readonly #entry: IORedisEntry;
  #credentials: Credentials;

  /** Throws `closed`, `loan-budget`. */
  constructor(parts: LoanParts, context: ClusterContext) {
    parts.ledger.requireRoom();
    super(
      context.seeds.map(({ host, port }) => ({ host, port })),
      clusterOptions(parts),
    );
    this.#parts = parts;
    this.#context = context;
    this.#credentials = parts.endpoint.client as Credentials;
    this.#entry = new IORedisEntry(parts, {
      connections: () => this.#connections,
      hasEnded: () => this.status === 'end',
      quit: () => this.quit(),
      disconnect: () => this.disconnect(),
      // ioredis itself finds the nodes.
      relocate: async () => undefined,
      login: (credentials) => this.#login(credentials),
    });
    const subscriber = this.#subscriber;
    const select = subscriber.selectSubscriber.bind(subscriber);
    subscriber.selectSubscriber = () => {
      select();
      this.#adopt(subscriber.getInstance());
    };
    this.#entry.enter();
    this.on('error', () => undefined);
    const { lazyConnect = false } = parts.options as Options;
    this.options.lazyConnect = lazyConnect === true;
    if (lazyConnect !== true) this.connect().catch(() => undefined);
  }

  override connect(): Promise<void> {
    try {
      this.#entry.enter();
    } catch (error) {
      return Promise.reject(error);
    }
    return super.connect();
  }

  override disconnect(reconnect = false): void {
    this.#mayEnd(reconnect);
    super.disconnect(reconnect);
  }

  override async quit(callback?: (error?: Error | null, result?: 'OK') => void): Promise<'OK'> {
    this.#mayEnd(false);
    await quitInTime(
      () => super.quit(),
      () => this.disconnect(),
    );
    callback?.(null, 'OK');
    return 'OK';
  }

  /** Where it goes is the manager's decision: other startup nodes count for nothing. */
  override duplicate(_startupNodes?: ClusterNode[], overrides: ClusterOptions = {}): Cluster {
    const present = (this.options.redisOptions ?? {}) as Options;
    const own = withoutManaged('ioredis', (overrides.redisOptions ?? {}) as Options, present);
    const { lazyConnect = false } = overrides;
    const { endpoint, options } = this.#parts;
    const now = { ...endpoint, client: { ...endpoint.client, ...this.#credentials } };
    const parts = { endpoint: now, options: { ...options, ...own, lazyConnect }, duplicate: true };
    return new LentCluster({ ...this.#parts, ...parts }, this.#context);
  }

  override sendCommand(
    command: Command,
    stream?: Parameters<Cluster['sendCommand']>[1],
    node?: unknown,
  ): unknown {
    return guarded(command, nameOf(this.#parts), () => super.sendCommand(command, stream, node));
  }

  /** Not by listeners: the library may remove all of them. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event === '+node') this.#adopt(args[0] as Redis);
    if (event === 'error' || event === 'node error') this.#failed(args[0]);
    if (event === 'end' && this.status === 'end') this.#entry.left();
    return super.emit(event, ...args);
  }

  get #subscriber(): Subscriber {
    return Reflect.get(this, 'subscriber') as Subscriber;
  }

  get #connections(): Redis[] {
    const subscriber = this.#subscriber.getInstance();
    return [...this.nodes(), ...(subscriber === null ? [] : [subscriber])];
  }

  /** A connection that ioredis made by itself, before it connects. */
  #adopt(connection: Redis | null): void {
    if (connection === null) return;
    const name = nameOf(this.#parts);
    const send = connection.sendCommand.bind(connection);
    connection.sendCommand = (command, stream) => guarded(command, name, () => send(command, stream));
    Object.assign(connection.options, connectionOptions(this.#parts), this.#identity, {
      connectionName: name,
    });
    Reflect.set(connection, 'connector', new NodeConnector(this.#parts, connection.options));
  }

  #login(credentials: Credentials): void {
    this.#credentials = credentials;
    for (const connection of this.#connections) Object.assign(connection.options, this.#identity);
  }

  get #identity(): object {
    const { username = null, password = null } = this.#credentials;
    return { username, password };
  }

  #failed(error: unknown): void {
    redact(error);
    const text = `${(error as Error).message} ${(error as { lastNodeError?: Error }).lastNodeError?.message}`;
    if (/\b(WRONGPASS|NOAUTH)\b/.test(text)) void this.#askWhoToBe();
  }

  /** The credentials were changed and nobody said so: ioredis' next attempts are made with those of now. */
  async #askWhoToBe(): Promise<void> {
    const [seed] = this.#context.seeds;
    if (seed === undefined) return;
    try {
      const { client } = await this.#context.endpointAt(seed, new AbortController().signal);
      this.#login(client as Credentials);
    } catch {
      // The provider fails too; the next refusal asks again.
    }
  }

  /** Without a node, nothing would tell ioredis that all of them are gone, and it would never end. */
  #mayEnd(reconnect: boolean): void {
    if (reconnect || this.status === 'end' || this.nodes().length > 0) return;
    clearTimeout(Reflect.get(this, 'reconnectTimeout') as NodeJS.Timeout | undefined);
    Reflect.set(this, 'manuallyClosing', true);
    this.status = 'wait';
  }
}

/** Connects to the node that ioredis has chosen. */
class NodeConnector extends LoanConnector {
  constructor({ endpoint }: LoanParts, { host, port }: RedisOptions) {
    const socket = { ...endpoint.client.socket, host, port };
    super({
      locate: async () => ({ ...endpoint, client: { socket } as Endpoint['client'], master: false }),
      located: () => undefined,
      isClosed: () => false,
    });
  }
}

function connectionOptions({ loan, endpoint, context }: LoanParts): Options {
  const { tls } = { tls: false, ...endpoint.client.socket };
  const { silentMs } = loan.terms;
  return {
    connectTimeout: context.connectTimeoutMs,
    disconnectTimeout: RECONNECT_MAX_MS,
    ...(silentMs > 0 && { socketTimeout: silentMs }),
    ...(tls && { tls: {} }),
  };
}

function clusterOptions(
  parts: LoanParts,
): ClusterOptions & { redisOptions: ClusterOptions['redisOptions'] & { replyMapping?: 'legacy' } } {
  const { enableOfflineQueue, enableAutoPipelining, lazyConnect: _, ...rest } = parts.options as Options;
  return {
    ...(enableOfflineQueue !== undefined && { enableOfflineQueue: enableOfflineQueue === true }),
    ...(enableAutoPipelining !== undefined && { enableAutoPipelining: enableAutoPipelining === true }),
    redisOptions: {
      maxRetriesPerRequest: null,
      ...rest,
      connectionName: nameOf(parts),
      // Also for the connections by which ioredis asks for the slots, of which it tells nobody.
      Connector: class extends NodeConnector {
        constructor(options: unknown) {
          super(parts, options as RedisOptions);
        }
      },
    },
    lazyConnect: true,
    // Certificates are for names: they are not to be replaced by addresses.
    dnsLookup: (address, callback) => callback(null, address),
    clusterRetryStrategy: (times) =>
      parts.ledger.closed ? null : fullJitter(times, RECONNECT_MIN_MS, RECONNECT_MAX_MS),
  };
}
