import { performance } from 'node:perf_hooks';
import type { ScanOptions } from '../commands/index.ts';
import type { SendOptions } from '../connection/call.ts';
import type { ConnectionLoad } from '../connection/load.ts';
import type { Deployment } from '../deployment.ts';
import type { HealthBoard } from '../health.ts';
import type { ResolvedOptions } from '../options.ts';
import type { Preparation, Servers } from '../servers.ts';
import type { ChannelKind, ChannelListener } from '../subscriptions.ts';
import { type Address, type Credentials, type Locator, named } from '../topology/index.ts';
import type { InvalidationListener } from '../tracking.ts';
import { Channels, type EarOf } from './channels.ts';
import { ClusterMonitor } from './cluster-monitor.ts';
import { Discovery } from './discovery.ts';
import { ClusterMaster } from './master.ts';
import { Router } from './router.ts';
import { scanSlots } from './scan.ts';
import { slotOf } from './slot.ts';
import { SlotMap } from './slot-map.ts';
import { ClusterTracking } from './tracking.ts';

export interface ClusterOptions {
  readonly options: ResolvedOptions;
  readonly board: HealthBoard;
  readonly locator: Locator;
  readonly seeds: readonly Address[];
  readonly preparation: Preparation;
}

/** How long a node to which there is a connection may take to say who serves what. */
const ASK_TIMEOUT_MS = 500;

/** A Redis Cluster: one command and at most one subscriber connection per master, found and followed by themselves. */
export class Cluster implements Servers {
  readonly sender: Router;
  readonly #parts: ClusterOptions;
  readonly #map = new SlotMap((address) => this.#master(address));
  readonly #channels = new Channels((...wanted) => this.#earOf(...wanted));
  readonly #tracking = new ClusterTracking(() => this.#map.owners);
  readonly #discovery: Discovery;
  readonly #monitor: ClusterMonitor;
  /** Undefined until the server's commands are known. */
  #publish: Deployment['publish'] | undefined;
  /** Hears what is not sharded. */
  #ear: ClusterMaster | undefined;

  constructor(parts: ClusterOptions) {
    this.#parts = parts;
    const { options, board, locator, seeds, preparation } = parts;
    const map = this.#map;
    this.sender = new Router({ ...options, map, onDoubt: () => this.#discovery.soon() });
    this.#monitor = new ClusterMonitor({ board, map, intervalMs: options.probeIntervalMs, preparation });
    this.#discovery = new Discovery({
      locator,
      seeds,
      timeoutMs: options.connectTimeoutMs,
      preferred: () => map.owners.filter(isReady).map(({ address }) => address),
      over: (address, questions) => {
        const master = map.at(address);
        if (!master?.connected) return undefined;
        const limits = { deadlineAt: performance.now() + ASK_TIMEOUT_MS, once: true };
        return Promise.all(questions.map((question) => master.call(question, limits)));
      },
      settled: () => map.uncovered === 0 && map.owners.every(isReady),
      found: (view, table) => {
        this.#publish = table.has('SPUBLISH') ? 'spublish' : 'publish';
        map.apply(view);
        this.sender.learn(table);
        this.#monitor.asked(undefined);
        this.#rehome();
      },
      failed: (error) => this.#monitor.asked(error),
    });
  }

  get node(): string {
    const { owners } = this.#map;
    return owners.length > 0
      ? owners.map(({ node }) => node).join(',')
      : this.#parts.seeds.map(named).join(',');
  }

  get masters(): readonly ClusterMaster[] {
    return this.#map.owners;
  }

  get loads(): readonly ConnectionLoad[] {
    return this.#map.masters.flatMap(({ connection, ear }) => [
      connection.load,
      ...(ear.isOpen ? [ear.connection.load] : []),
    ]);
  }

  get publish(): Deployment['publish'] {
    return this.#publish ?? 'publish';
  }

  scan(options: ScanOptions, limits: () => SendOptions): AsyncGenerator<string[]> {
    return scanSlots(this.#map, options, limits);
  }

  subscribe(channel: string, listener: ChannelListener, kind: ChannelKind): () => Promise<void> {
    return this.#channels.add(channel, listener, kind);
  }

  track(prefix: string, listener: InvalidationListener): () => void {
    return this.#tracking.add(prefix, listener);
  }

  async authenticate(credentials: Credentials): Promise<void> {
    const connections = this.#map.masters.flatMap(({ connection, ear }) => [connection, ear.connection]);
    await Promise.all(connections.map((connection) => connection.authenticate(credentials)));
  }

  start(): void {
    this.#discovery.start();
    this.#monitor.start();
  }

  async rest(): Promise<void> {
    await Promise.all([this.#monitor.stop(), this.#map.rest()]);
  }

  async close(): Promise<void> {
    await this.#discovery.stop();
    this.sender.close();
    await this.#map.close();
  }

  #master(address: Address): ClusterMaster {
    const { options, locator, preparation } = this.#parts;
    const master: ClusterMaster = new ClusterMaster({
      options,
      address,
      placement: this.sender,
      locate: (signal) => locator.endpointAt(address, signal),
      owns: (slot) => this.#map.ownerOf(slot) === master,
      publish: () => (this.publish === 'spublish' ? 'SPUBLISH' : 'PUBLISH'),
      subscribe: ({ name }, listener) => this.#channels.add(name, listener, 'sharded'),
      prepare: ({ node, connection }) =>
        preparation.server(
          (args) => connection.call(args, { deadlineAt: performance.now() + options.deadlineMs, once: true }),
          node,
        ),
      onChange: (error) => {
        if (error !== undefined && master.slots > 0) this.#discovery.soon();
        this.#rehome();
      },
      onDoubt: () => this.#discovery.soon(),
    });
    master.board.on(() => this.#monitor.wake());
    return master;
  }

  #rehome(): void {
    this.sender.rehome();
    this.#channels.rehome();
    this.#tracking.rehome();
    this.#monitor.wake();
  }

  #earOf(...[channel, kind]: Parameters<EarOf>): ReturnType<EarOf> {
    if (kind === 'sharded' && this.#publish === 'spublish') {
      const master = this.#map.ownerOf(slotOf(channel));
      return master && { ear: master.ear, kind };
    }
    // Any node hears what PUBLISH says at any other. A change of the node is a gap for all, so it changes only if it must.
    const present = this.#ear;
    if (present === undefined || present.retired || !present.connected) {
      this.#ear = this.#map.anyone() ?? present;
    }
    return this.#ear && { ear: this.#ear.ear, kind: 'plain' };
  }
}

function isReady({ board }: ClusterMaster): boolean {
  return board.current.state === 'ready';
}
