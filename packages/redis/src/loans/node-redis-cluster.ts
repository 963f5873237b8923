import { ClientClosedError, createCluster, type RedisClientOptions, type RedisClientType } from 'redis';
import { fullJitter, pause } from '../connection/backoff.ts';
import type { Credentials } from '../topology/index.ts';
import {
  CLOSE_TIMEOUT_MS,
  type ClusterContext,
  type LoanParts,
  nameOf,
  RECONNECT_MAX_MS,
  RECONNECT_MIN_MS,
} from './context.ts';
import type { Loan, LoanConnection } from './ledger.ts';
import { redacting, unwatched } from './node-redis-front.ts';
import { withoutManaged } from './options.ts';
import { watch } from './watch.ts';

type ClusterClient = ReturnType<typeof createCluster>;
type Node = ClusterClient['masters'][number];

/** A node-redis Cluster client that is out. It finds the nodes itself; who it is, and when it tries again, is the manager's. */
export class NodeRedisClusterLoan implements LoanConnection {
  readonly loan: Loan;
  readonly duplicate: boolean;
  /** A `RedisCluster`, which has the same commands. */
  readonly client: RedisClientType;
  readonly #parts: LoanParts;
  readonly #context: ClusterContext;
  readonly #cluster: ClusterClient;
  #connecting: Promise<void> | undefined;
  #stopWatching = (): void => undefined;

  /** Throws `closed`, `loan-budget`. */
  constructor(parts: LoanParts, context: ClusterContext) {
    parts.ledger.requireRoom();
    this.loan = parts.loan;
    this.duplicate = parts.duplicate;
    this.#parts = parts;
    this.#context = context;
    this.#cluster = this.#make();
    this.client = this.#cluster as unknown as RedisClientType;
    parts.ledger.enter(this);
  }

  async end(): Promise<void> {
    await this.#end();
  }

  async authenticate({ username = 'default', password = '' }: Credentials): Promise<void> {
    const command = ['AUTH', username, password];
    await Promise.all(this.#clients().map((client) => client.sendCommand(command)));
  }

  /** The driver itself finds the nodes. */
  async relocate(): Promise<void> {}

  /** The driver's own methods, behind those that the library calls. */
  get #driver(): ClusterClient {
    return Object.getPrototypeOf(this.#cluster) as ClusterClient;
  }

  #make(): ClusterClient {
    const { options, endpoint, context } = this.#parts;
    const { commandOptions, ...rest } = options;
    const { host: _host, port: _port, ...secure } = { ...endpoint.client.socket } as Record<string, unknown>;
    const reconnectStrategy = (retries: number): number | false =>
      this.#parts.ledger.closed ? false : fullJitter(retries, RECONNECT_MIN_MS, RECONNECT_MAX_MS);
    const defaults = {
      ...rest,
      name: nameOf(this.#parts),
      maintNotifications: 'disabled',
      credentialsProvider: { type: 'async-credentials-provider', credentials: () => this.#credentials() },
      socket: { ...secure, connectTimeout: context.connectTimeoutMs, reconnectStrategy },
    } as RedisClientOptions;
    const cluster = createCluster({
      rootNodes: this.#context.seeds.map(({ host, port }) => ({ socket: { host, port } })),
      defaults,
      topologyRefreshOnReconnectionAttemptStrategy: RECONNECT_MAX_MS,
      ...(commandOptions !== undefined && { commandOptions }),
    } as Parameters<typeof createCluster>[0]);
    cluster.on('error', () => undefined);
    redacting(Object.getPrototypeOf(cluster), '_executeWithPolicies');
    return Object.assign(
      cluster,
      unwatched(cluster, () => this.#parts.ledger.has(this)),
      this.#lifecycle(),
    );
  }

  #lifecycle(): object {
    const quit = async (): Promise<string> => {
      await this.#end();
      return 'OK';
    };
    return {
      connect: async () => {
        await this.#connect();
        return this.client;
      },
      quit,
      close: quit,
      destroy: () => this.#destroy(),
      disconnect: async () => this.#destroy(),
      duplicate: (overrides: Record<string, unknown> = {}) => this.#duplicate(overrides),
    };
  }

  /** Until it is connected, or was returned: the driver itself tries each seed once. */
  #connect(): Promise<void> {
    try {
      this.#parts.ledger.enter(this);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#connecting ??= this.#untilConnected().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #untilConnected(): Promise<void> {
    const { ledger } = this.#parts;
    for (let attempt = 0; !this.#cluster.isReady; attempt++) {
      try {
        await this.#driver.connect();
      } catch (error) {
        if (!ledger.has(this)) throw error;
        await pause(fullJitter(attempt, RECONNECT_MIN_MS, RECONNECT_MAX_MS));
      }
      if (!ledger.has(this)) return this.#cluster.destroy();
    }
    this.#stopWatching();
    this.#stopWatching = this.#watch();
  }

  /** A node that is silent may have been replaced by its replica, of which nobody but the other nodes can tell. */
  #watch(): () => void {
    const silentNodes = new Set<string>();
    return watch({
      silentMs: this.loan.terms.silentMs,
      ask: () => Promise.all(this.#cluster.masters.map((node) => this.#ping(node, silentNodes))),
      silent: () => {
        this.#cluster._slots.rediscover(undefined, new Set(silentNodes)).catch(() => undefined);
        silentNodes.clear();
      },
    });
  }

  async #ping({ address, client }: Node, silentNodes: Set<string>): Promise<void> {
    if (client?.isReady !== true) return;
    silentNodes.add(address);
    await client.ping().catch(() => undefined);
    silentNodes.delete(address);
  }

  /** Called by the driver between connecting to a node and its handshake. */
  async #credentials(): Promise<Credentials> {
    const [seed] = this.#context.seeds;
    if (seed === undefined) return {};
    const { client } = await this.#context.endpointAt(seed, new AbortController().signal);
    // A node's client that was destroyed while it connected: the driver would finish, and keep a connection that nobody knows.
    if (!this.#parts.ledger.has(this)) throw new ClientClosedError();
    const { username, password } = client;
    return { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
  }

  #clients(): RedisClientType[] {
    const { masters, pubSubNode } = this.#cluster;
    const nodes = masters.flatMap(({ client, pubSub }) => [client, pubSub?.client]);
    return [...nodes, pubSubNode?.client].filter(
      (client) => client?.isReady === true,
    ) as unknown as RedisClientType[];
  }

  async #end(): Promise<void> {
    if (!this.#parts.ledger.has(this)) return;
    const late = new AbortController();
    const closed = this.#driver.close().catch(() => undefined);
    await Promise.race([closed, pause(CLOSE_TIMEOUT_MS, late.signal)]);
    late.abort();
    this.#destroy();
  }

  #destroy(): void {
    this.#stopWatching();
    this.#parts.ledger.leave(this);
    this.#driver.destroy();
  }

  #duplicate(overrides: Record<string, unknown>): RedisClientType {
    const own = withoutManaged('node-redis', overrides, {});
    const parts = { ...this.#parts, options: { ...this.#parts.options, ...own }, duplicate: true };
    return new NodeRedisClusterLoan(parts, this.#context).client;
  }
}
