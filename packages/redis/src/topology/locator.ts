import type { RedisClientOptions } from 'redis';
import { RedisManagerError } from '../errors.ts';
import { askProvider } from './provider.ts';
import { Sentinels } from './sentinel.ts';
import { type Address, type Credentials, named, type UrlTarget } from './target.ts';
import type { TlsOptions } from './tls.ts';

/** Where to connect, and how to name it in errors without its credentials. */
export interface Endpoint {
  readonly node: string;
  readonly client: RedisClientOptions;
  readonly tls: boolean;
  /** Only a master will do: a replica here means that a failover is under way. */
  readonly master: boolean;
}

/** Gives the credentials of now; called before each connection is made. */
export type CredentialsProvider = (signal: AbortSignal) => Promise<Credentials>;

export interface LocatorOptions {
  readonly tls: TlsOptions | undefined;
  /** @default those of the URL */
  readonly credentials: CredentialsProvider | undefined;
  /** Of the sentinels, which need not be those of Redis. */
  readonly sentinelCredentials: Credentials | undefined;
  readonly timeoutMs: number;
}

/** Finds the node to connect to, for every new connection anew. */
export class Locator {
  readonly #target: UrlTarget;
  readonly #options: LocatorOptions;
  readonly #sentinels: Sentinels | undefined;

  constructor(target: UrlTarget, options: LocatorOptions) {
    this.#target = target;
    this.#options = options;
    if (target.kind !== 'sentinel') return;
    this.#sentinels = new Sentinels({
      sentinels: target.sentinels,
      master: target.master,
      tls: target.tls ? (options.tls ?? {}) : undefined,
      credentials: options.sentinelCredentials ?? {},
      timeoutMs: options.timeoutMs,
    });
  }

  /** Names the deployment, without credentials: the same for all that mean the same. */
  get identity(): string {
    const target = this.#target;
    if (target.kind === 'socket') return `unix:${target.path}`;
    if (target.kind === 'node') return `${named(target.address)}${inDatabase(target.database)}`;
    if (target.kind === 'cluster') return `Cluster of ${target.seeds.map(named).sort().join(',')}`;
    const sentinels = target.sentinels.map(named).sort();
    return `${target.master}/${target.database} of ${sentinels.join(',')}`;
  }

  /** Nodes to ask for those of a Cluster; undefined if the URL names none. */
  get seeds(): readonly Address[] | undefined {
    return this.#target.kind === 'cluster' ? this.#target.seeds : undefined;
  }

  /** The endpoint of one node of a Cluster, with the credentials of now. One that is no master any more says so to each call (MOVED). */
  async endpointAt(address: Address, signal: AbortSignal): Promise<Endpoint> {
    return this.#endpointAt(address, 0, false, await this.#credentials(signal));
  }

  async locate(signal: AbortSignal): Promise<Endpoint> {
    const target = this.#target;
    if (target.kind === 'cluster') throw manyNodes();
    const credentials = await this.#credentials(signal);
    if (target.kind === 'socket') {
      return endpoint(
        `unix:${target.path}`,
        { ...credentials, socket: { path: target.path, tls: false } },
        false,
      );
    }
    const address = target.kind === 'node' ? target.address : await this.#master(signal);
    return this.#endpointAt(address, target.database, target.kind === 'sentinel', credentials);
  }

  #endpointAt(address: Address, database: number, master: boolean, credentials: Credentials): Endpoint {
    const tls = this.#target.kind !== 'socket' && this.#target.tls;
    const socket = { ...address, ...(tls && { tls: true as const, ...this.#options.tls }) };
    const client = { ...credentials, database, socket } as RedisClientOptions;
    return endpoint(`${named(address)}${inDatabase(database)}`, client, master, tls);
  }

  async #master(signal: AbortSignal): Promise<Address> {
    if (this.#sentinels === undefined) throw new TypeError('A master is asked for without sentinels');
    return this.#sentinels.master(signal);
  }

  async #credentials(signal: AbortSignal): Promise<Credentials> {
    const { credentials } = this.#options;
    return credentials === undefined ? this.#target.credentials : askProvider(credentials, signal);
  }
}

/** The endpoint of an embedded server. */
export function endpointOfSocket(path: string): Endpoint {
  return endpoint(`unix:${path}`, { socket: { path, tls: false } }, false);
}

function endpoint(node: string, client: RedisClientOptions, master: boolean, tls = false): Endpoint {
  return { node, client, master, tls };
}

function inDatabase(database: number): string {
  return database === 0 ? '' : `/${database}`;
}

function manyNodes(): RedisManagerError {
  return new RedisManagerError('A Cluster is many nodes; one connection reaches only one of them', {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
  });
}
