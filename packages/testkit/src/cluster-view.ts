import { TestkitError } from './errors.ts';
import type { TestRedis } from './redis.ts';

type SlotsReply = [number, number, [string, number], ...[string, number][]][];

/** What the nodes of a cluster say about it. */
export class ClusterView {
  readonly #nodes: readonly TestRedis[];

  constructor(nodes: readonly TestRedis[]) {
    this.#nodes = nodes;
  }

  async masterOf(slot: number): Promise<TestRedis> {
    const votes = new Map<number, number>();
    const answers = await Promise.allSettled(this.#nodes.map(slotsOf));
    for (const answer of answers) {
      if (answer.status === 'rejected') continue;
      const port = answer.value.find(([from, to]) => from <= slot && slot <= to)?.[2][1] ?? 0;
      votes.set(port, (votes.get(port) ?? 0) + 1);
    }
    const [[port] = [0]] = [...votes].sort(([, a], [, b]) => b - a);
    const node = this.#nodes.find((one) => one.port === port);
    if (node === undefined) throw new TestkitError('not-true', `no node says who serves the slot ${slot}`);
    return node;
  }

  /** All nodes know one another, and an owner of every slot. */
  async requireMet(masters: number): Promise<void> {
    const complete = [`cluster_known_nodes:${this.#nodes.length}`, `cluster_size:${masters}`];
    await Promise.all(this.#nodes.map((node) => requireState(node, ['cluster_state:ok', ...complete])));
  }

  /**
   * All nodes tell the same, replicas and all, and what replicas have is what their masters have. A master that has not
   * heard yet of whom it is replicated by ignores it when it asks to take over.
   */
  async requireAgreed(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => requireState(node, ['cluster_state:ok'])));
    const views = await Promise.all(this.#nodes.map(slotsOf));
    const told = new Set(views.map((view) => JSON.stringify(ownersIn(view))));
    if (told.size > 1) throw new TestkitError('not-true', 'the nodes disagree on who serves what');
    for (const node of this.#nodes) {
      const role = JSON.parse(await node.cli('ROLE')) as [string, string, number, string];
      if (role[0] !== 'slave') continue;
      if (role[3] !== 'connected')
        throw new TestkitError('not-true', `replica ${node.port} is not in step yet`);
      const known = new Set(await Promise.all(this.#nodes.map((one) => masterAsToldBy(one, node.port))));
      if (known.size > 1 || known.has('-'))
        throw new TestkitError('not-true', `not all nodes know whom ${node.port} replicates`);
    }
  }
}

async function slotsOf(node: TestRedis): Promise<SlotsReply> {
  return JSON.parse(await node.cli('CLUSTER', 'SLOTS')) as SlotsReply;
}

function ownersIn(view: SlotsReply): string[] {
  return view.map(([from, to, [, port]]) => `${from}-${to} ${port}`).sort();
}

/** The id of the node's master; `-` if it is taken for a master. */
async function masterAsToldBy(teller: TestRedis, port: number): Promise<string> {
  const nodes = await teller.cli('CLUSTER', 'NODES');
  return new RegExp(`:${port}@\\S+ \\S+ (\\S+)`).exec(nodes)?.[1] ?? '-';
}

async function requireState(node: TestRedis, facts: readonly string[]): Promise<void> {
  const info = await node.cli('CLUSTER', 'INFO');
  if (facts.every((fact) => info.includes(fact))) return;
  throw new TestkitError('not-started', `node ${node.port} does not see the whole cluster: ${info}`);
}
