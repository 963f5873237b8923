import { readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isListening } from '../embedded/socket-probe.ts';
import { RedisManagerError } from '../errors.ts';
import type { InspectSource } from '../inspect/index.ts';
import type { UrlTarget } from '../topology/index.ts';
import type { InspectTarget } from './arguments.ts';
import { ReadingConnection } from './source.ts';

/** A deployment with a connection to the named node, and to each master of a Cluster. */
export class InspectedDeployment implements InspectSource {
  readonly #target: UrlTarget;
  readonly #first: ReadingConnection;
  readonly #open = new Set<ReadingConnection>();
  readonly #signal: AbortSignal;

  /** Resolves when the named node answers. Rejects with the reason if it does not. */
  static async open(target: InspectTarget, signal: AbortSignal): Promise<InspectedDeployment> {
    const deployment = new InspectedDeployment(await socketOf(target), signal);
    try {
      await deployment.#first.open(signal);
      return deployment;
    } catch (error) {
      await deployment.close();
      throw error;
    }
  }

  private constructor(target: UrlTarget, signal: AbortSignal) {
    this.#target = target;
    this.#signal = signal;
    this.#first = this.#connection(target);
  }

  get node(): string {
    return this.#first.node;
  }

  call(...args: Parameters<InspectSource['call']>): Promise<unknown> {
    return this.#first.call(...args);
  }

  async masters(): Promise<readonly InspectSource[]> {
    const mode = /^redis_mode:(\w+)/m.exec(
      String(await this.call(['INFO', 'server']).catch(ignoreNoPermission)),
    )?.[1];
    if (mode === 'sentinel') throw isSentinel(this.node);
    if (mode !== 'cluster' || this.#target.kind !== 'node') return [this.#first];
    const slots = (await this.call(['CLUSTER', 'SLOTS'])) as [number, number, [string | null, number]][];
    const target = this.#target;
    const addresses = new Map(
      slots.map(([, , [host, port]]) => {
        // A node that does not know its own name is at the address where it was asked.
        const address = { host: host && host !== '?' ? host : target.address.host, port };
        return [`${address.host} ${port}`, address] as const;
      }),
    );
    if (addresses.size === 0) return [this.#first];
    const masters = [...addresses.values()].map((address) => this.#connection({ ...target, address }));
    await Promise.all(masters.map((master) => master.open(this.#signal)));
    return masters;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((connection) => connection.close()));
  }

  #connection(target: UrlTarget): ReadingConnection {
    const connection = new ReadingConnection(target);
    this.#open.add(connection);
    return connection;
  }
}

/** The socket of a data folder's server, which is not started: to look into something must not change it. */
async function socketOf(target: InspectTarget): Promise<UrlTarget> {
  if (target.kind !== 'folder') return target;
  const { dir, asked } = target;
  const link = join(await realpath(dir).catch(() => dir), 'redis.sock');
  const path = await readlink(link).catch(() => link);
  if (await isListening(path)) return { kind: 'socket', path, database: 0, credentials: {} };
  throw new RedisManagerError(
    asked
      ? `No embedded Redis is running on the folder ${dir}; start the application that owns it`
      : `No Redis to look into: give a URL, set REDIS_URL, or name the data folder of an embedded server with --data`,
    { code: 'not-ready', retryable: true, applied: 'no' },
  );
}

function ignoreNoPermission(error: unknown): string {
  if (error instanceof RedisManagerError && error.code === 'noperm') return '';
  throw error;
}

function isSentinel(node: string): RedisManagerError {
  return new RedisManagerError(
    `${node} is a Sentinel, which holds no data; its master is looked into by redis+sentinel://${node}/NAME`,
    { code: 'invalid-options', retryable: false, applied: 'no', node },
  );
}
