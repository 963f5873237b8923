import { ClusterView } from './cluster-view.ts';
import { TestkitError } from './errors.ts';
import { eventually } from './eventually.ts';
import { startRedis, type TestRedis } from './redis.ts';
import { SlotMigration } from './slot-migration.ts';

const SLOTS = 16_384;

export interface StartClusterOptions {
  /** @default 3 */
  readonly masters?: number;
  /** Of each master. @default 0 */
  readonly replicas?: number;
  /** More arguments of each redis-server. */
  readonly args?: readonly string[];
}

/** Starts the nodes, gives each master an equal share of the slots, and waits until every node calls the cluster ok. */
export async function startCluster(options: StartClusterOptions = {}): Promise<TestCluster> {
  const { masters = 3, replicas = 0, args = [] } = options;
  const clusterArgs = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'];
  // A master waits for more replicas before it sends its data; here all are there at once.
  const all = [...clusterArgs, '--repl-diskless-sync-delay', '0', ...args];
  const count = masters * (1 + replicas);
  const nodes = await Promise.all(Array.from({ length: count }, () => startRedis({ args: all })));
  const cluster = new TestCluster(nodes, masters);
  await cluster.form();
  return cluster;
}

/** A real Redis Cluster on loopback. */
export class TestCluster {
  /** The masters at the start, then their replicas in the same order. */
  readonly nodes: readonly TestRedis[];
  /** The node that serves a slot, as laid out at the start. */
  readonly nodeOf = (slot: number): TestRedis => this.nodes[Math.floor(slot / this.#share)] as TestRedis;
  readonly #masters: number;
  readonly #share: number;
  readonly #view: ClusterView;

  constructor(nodes: readonly TestRedis[], masters: number) {
    this.nodes = nodes;
    this.#masters = masters;
    this.#share = Math.ceil(SLOTS / masters);
    this.#view = new ClusterView(nodes);
  }

  get urls(): readonly string[] {
    return this.nodes.map(({ url }) => url);
  }

  /** `redis+cluster://…` with all nodes. */
  get url(): string {
    return `redis+cluster://${this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  }

  /** The replicas of a master, as laid out at the start. */
  replicasOf(master: TestRedis): readonly TestRedis[] {
    const index = this.nodes.indexOf(master);
    return this.nodes.filter((_, at) => at >= this.#masters && at % this.#masters === index);
  }

  /** Who serves a slot now, by what most of the nodes say that answer. */
  masterOf(slot: number): Promise<TestRedis> {
    return this.#view.masterOf(slot);
  }

  /** As a node says that answers. */
  async slotOf(key: string): Promise<number> {
    return Number(await Promise.any(this.nodes.map((node) => node.cli('CLUSTER', 'KEYSLOT', key))));
  }

  /** Begins to move a slot: from now on its master sends what it lacks to the other one (ASK). */
  async beginMigration(slot: number, to: TestRedis): Promise<SlotMigration> {
    const migration = new SlotMigration({ slot, from: await this.masterOf(slot), to, nodes: this.nodes });
    await migration.begin();
    return migration;
  }

  /** Moves a slot with its keys. */
  async migrate(slot: number, to: TestRedis): Promise<void> {
    const migration = await this.beginMigration(slot, to);
    await migration.moveKeys();
    await migration.finish();
  }

  /** The replica takes its master's place by agreement with it; resolves when all nodes know. */
  async failover(replica: TestRedis): Promise<void> {
    await this.settled();
    await replica.cli('CLUSTER', 'FAILOVER');
    await eventually(
      async () => {
        const role = JSON.parse(await replica.cli('ROLE')) as [string];
        if (role[0] !== 'master') throw new TestkitError('not-true', `node ${replica.port} is no master yet`);
      },
      { timeoutMs: 30_000 },
    );
    await this.settled();
  }

  /** Resolves when all nodes call the cluster ok and agree on who serves what, and every replica is in step. */
  async settled(): Promise<void> {
    await eventually(() => this.#view.requireAgreed(), { timeoutMs: 30_000 });
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) node.thaw();
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  /** Makes a cluster of the nodes. */
  async form(): Promise<void> {
    const masters = this.nodes.slice(0, this.#masters);
    await Promise.all(masters.map((node, index) => assignSlots(node, index, this.#share)));
    const [first, ...others] = this.nodes;
    for (const { port } of others) await first?.cli('CLUSTER', 'MEET', '127.0.0.1', String(port));
    await eventually(() => this.#view.requireMet(this.#masters), { timeoutMs: 30_000 });
    for (const master of masters) {
      const id = await master.cli('CLUSTER', 'MYID');
      for (const replica of this.replicasOf(master)) await replica.cli('CLUSTER', 'REPLICATE', id);
    }
    await this.settled();
  }
}

async function assignSlots(node: TestRedis, index: number, share: number): Promise<void> {
  const [from, to] = [index * share, Math.min(SLOTS, (index + 1) * share)];
  // ADDSLOTSRANGE came with 7.0; this is known to 6.2 too.
  const slots = Array.from({ length: to - from }, (_, i) => String(from + i));
  await node.cli('CLUSTER', 'ADDSLOTS', ...slots);
  // Nodes that meet with equal epochs must first settle who gives way, which takes seconds.
  await node.cli('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
}
