import { TestkitError } from './errors.ts';
import { eventually } from './eventually.ts';
import { startRedis, type TestRedis } from './redis.ts';

const SLOTS = 16_384;

export interface StartClusterOptions {
  /** @default 3 */
  readonly masters?: number;
  /** More arguments of each redis-server. */
  readonly args?: readonly string[];
}

/** A real Redis Cluster of masters on loopback, with all slots served. */
export interface TestCluster {
  readonly nodes: readonly TestRedis[];
  readonly urls: readonly string[];
  /** The node that serves a slot, as laid out at the start. */
  nodeOf(slot: number): TestRedis;
  stop(): Promise<void>;
}

/** Starts the masters, gives each an equal share of the slots, and waits until every one of them calls the cluster ok. */
export async function startCluster(options: StartClusterOptions = {}): Promise<TestCluster> {
  const { masters = 3, args = [] } = options;
  const clusterArgs = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', ...args];
  const nodes = await Promise.all(Array.from({ length: masters }, () => startRedis({ args: clusterArgs })));
  const share = Math.ceil(SLOTS / masters);
  await Promise.all(nodes.map((node, index) => assignSlots(node, index, share)));
  const [first, ...others] = nodes;
  for (const { port } of others) await first?.cli('CLUSTER', 'MEET', '127.0.0.1', String(port));
  await eventually(() => Promise.all(nodes.map((node) => requireOk(node, masters))), { timeoutMs: 30_000 });
  return {
    nodes,
    urls: nodes.map(({ url }) => url),
    nodeOf: (slot) => nodes[Math.floor(slot / share)] as TestRedis,
    stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
  };
}

async function assignSlots(node: TestRedis, index: number, share: number): Promise<void> {
  const [from, to] = [index * share, Math.min(SLOTS, (index + 1) * share)];
  // ADDSLOTSRANGE came with 7.0; this is known to 6.2 too.
  const slots = Array.from({ length: to - from }, (_, i) => String(from + i));
  await node.cli('CLUSTER', 'ADDSLOTS', ...slots);
  // Nodes that meet with equal epochs must first settle who gives way, which takes seconds.
  await node.cli('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
}

/** All nodes know one another, and this one knows an owner of every slot. */
async function requireOk(node: TestRedis, masters: number): Promise<void> {
  const info = await node.cli('CLUSTER', 'INFO');
  const complete = ['cluster_state:ok', `cluster_known_nodes:${masters}`, `cluster_size:${masters}`];
  if (complete.every((fact) => info.includes(fact))) return;
  throw new TestkitError('not-started', `node ${node.port} does not see the whole cluster: ${info}`);
}
