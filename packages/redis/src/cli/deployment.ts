import { readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isListening } from '../embedded/socket-probe.ts';
import { RedisManagerError } from '../errors.ts';
import type { InspectSource } from '../inspect/index.ts';
import type { UrlTarget } from '../topology/index.ts';
import type { InspectTarget } from './arguments.ts';
import { ReadingConnection } from './source.ts';

/** A deployment with a connection to a node of it, and to each master of a Cluster. */
export class InspectedDeployment implements InspectSource {
  readonly #target: UrlTarget;
  readonly #first: ReadingConnection;
  readonly #open: Set<ReadingConnection>;

  /** Resolves when a named node answers. Rejects with the reason if none does. */
  static async open(target: InspectTarget, signal: AbortSignal): Promise<InspectedDeployment> {
    const candidates = await nodesOf(target);
    const last = candidates.at(-1);
    for (const candidate of candidates) {
      const connection = new ReadingConnection(candidate);
      try {
        await connection.open(signal);
        return new InspectedDeployment(candidate, connection);
      } catch (error) {
        await connection.close();
        if (candidate === last || signal.aborted) throw error;
      }
    }
    throw new TypeError('A target names no node');
  }

  private constructor(target: UrlTarget, first: ReadingConnection) {
    this.#target = target;
    this.#first = first;
    this.#open = new Set([first]);
  }

  get node(): string {
    return this.#first.node;
  }

  call(...args: Parameters<InspectSource['call']>): Promise<unknown> {
    return this.#first.call(...args);
  }

  async masters(): Promise<readonly InspectSource[]> {
    const mode = /^(?:redis|server)_mode:(\w+)/m.exec(
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
    return [...addresses.values()].map((address) => this.#master({ ...target, address }));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((connection) => connection.close()));
  }

  /** Whether it can be reached shows at the first call. */
  #master(target: UrlTarget): ReadingConnection {
    const connection = new ReadingConnection(target);
    this.#open.add(connection);
    connection.start();
    return connection;
  }
}

/** Where to ask first: any node of a Cluster will do. */
async function nodesOf(target: InspectTarget): Promise<readonly UrlTarget[]> {
  if (target.kind === 'folder') return [await socketOf(target)];
  if (target.kind !== 'cluster') return [target];
  return target.seeds.map((address) => ({ ...target, kind: 'node', address, database: 0 }));
}

/** The socket of a data folder's server, which is not started: to look into something must not change it. */
async function socketOf({ dir, asked }: Extract<InspectTarget, { kind: 'folder' }>): Promise<UrlTarget> {
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
