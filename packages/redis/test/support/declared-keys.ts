import type { TestCluster } from '@taproot/testkit';
import { expect, onTestFinished } from 'vitest';
import { createRedisManager, type RedisArgument, type RedisManager, type Script } from '../../src/index.ts';
import { type ClusterNode, clusterNode } from './cluster-node.ts';

/** A script that ran, by its name, and on which of the masters. */
export interface Ran {
  readonly name: string;
  readonly master: number;
}

/**
 * A manager on a cluster whose scripts run with the rights of their declared keys only: so Redis itself reports a key that was not
 * declared, also one in the same slot. All else is the manager's own.
 */
export class DeclaredKeys {
  readonly manager: RedisManager;
  readonly ran: Ran[] = [];
  readonly #cluster: TestCluster;
  readonly #nodes: readonly ClusterNode[];

  constructor(manager: RedisManager, cluster: TestCluster, nodes: readonly ClusterNode[]) {
    this.manager = manager;
    this.#cluster = cluster;
    this.#nodes = nodes;
    Object.assign(manager, { script: (...run: Parameters<DeclaredKeys['script']>) => this.script(...run) });
  }

  async script(
    { name, lua }: Script,
    { keys, args }: { readonly keys: readonly string[]; readonly args: readonly RedisArgument[] },
  ): Promise<unknown> {
    // A manager that was closed runs nothing.
    await this.manager.call(['PING']);
    const { node, master } = await this.nodeOf(keys[0] ?? '');
    const reply = await node.run({ lua, keys, args });
    this.ran.push({ name, master });
    return reply;
  }

  async nodeOf(key: string): Promise<{ readonly node: ClusterNode; readonly master: number }> {
    const master = this.#cluster.nodes.indexOf(this.#cluster.nodeOf(await this.#cluster.slotOf(key)));
    const node = this.#nodes[master];
    expect(node).toBeDefined();
    return { node: node as ClusterNode, master };
  }
}

/** A manager on a cluster, for the running test. */
export async function declaredKeys(cluster: TestCluster): Promise<DeclaredKeys> {
  const nodes = await Promise.all(cluster.nodes.map((node) => clusterNode(node)));
  const manager = createRedisManager({ url: cluster.url, allowSecond: true });
  onTestFinished(() => manager.close());
  await manager.ready({ timeoutMs: 20_000 });
  return new DeclaredKeys(manager, cluster, nodes);
}
