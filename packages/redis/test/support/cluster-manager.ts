import type { TestCluster } from '@taproot/testkit';
import { expect } from 'vitest';
import {
  type ChannelListener,
  DurableLog,
  type RedisManager,
  RedisManagerError,
  type Script,
} from '../../src/index.ts';
import { type ClusterNode, clusterNode } from './cluster-node.ts';

/** A script that ran, by its name, and on which of the masters. */
export interface Ran {
  readonly name: string;
  readonly master: number;
}

/**
 * What the durable log and the chat server use of a manager, on a Cluster: each command goes to the node that owns its
 * key, each script with the KEYS that the product passed. It stands where a manager for Cluster will stand.
 */
export class ClusterManager {
  readonly state = 'ready';
  readonly log: DurableLog;
  readonly deployment: { readonly epoch: string; readonly publish: 'publish' | 'spublish' };
  readonly ran: Ran[] = [];
  readonly #cluster: TestCluster;
  readonly #nodes: readonly ClusterNode[];
  #gone = false;

  constructor(cluster: TestCluster, nodes: readonly ClusterNode[], publish: 'publish' | 'spublish') {
    this.#cluster = cluster;
    this.#nodes = nodes;
    this.deployment = { epoch: 'test', publish };
    this.log = new DurableLog(this.asManager);
  }

  get asManager(): RedisManager {
    return this as unknown as RedisManager;
  }

  /** From now on nothing reaches Redis, as when the process is gone. */
  die(): void {
    this.#gone = true;
  }

  health(): object {
    return { state: 'ready', since: 0 };
  }

  on(): () => void {
    return () => undefined;
  }

  async call(args: readonly string[]): Promise<unknown> {
    this.#requireAlive();
    return (await this.nodeOf(args[1] ?? '')).node.call(args);
  }

  async script(
    { name, lua }: Script,
    { keys, args }: { keys: readonly string[]; args: readonly string[] },
  ): Promise<unknown> {
    this.#requireAlive();
    const { node, master } = await this.nodeOf(keys[0] ?? '');
    const reply = await node.run({ lua, keys, args });
    this.ran.push({ name, master });
    return reply;
  }

  subscribe(channel: string, { message, active }: ChannelListener): () => Promise<void> {
    const sharded = this.deployment.publish === 'spublish' && channel.includes('{');
    const subscribed = this.nodeOf(channel).then(({ node }) =>
      node.subscribe(channel, sharded, (text) => this.#gone || message(text)),
    );
    void subscribed.then(() => active?.());
    return async () => (await subscribed)();
  }

  async nodeOf(key: string): Promise<{ readonly node: ClusterNode; readonly master: number }> {
    const slot = Number(await this.#nodes[0]?.call(['CLUSTER', 'KEYSLOT', key]));
    const master = this.#cluster.nodes.indexOf(this.#cluster.nodeOf(slot));
    const node = this.#nodes[master];
    expect(node).toBeDefined();
    return { node: node as ClusterNode, master };
  }

  #requireAlive(): void {
    if (this.#gone) throw new RedisManagerError('gone', { code: 'closed', retryable: false, applied: 'no' });
  }
}

/** A manager on a cluster, for the running test. */
export async function clusterManager(
  cluster: TestCluster,
  publish: 'publish' | 'spublish' = 'publish',
): Promise<ClusterManager> {
  const nodes = await Promise.all(cluster.nodes.map((node) => clusterNode(node)));
  return new ClusterManager(cluster, nodes, publish);
}
