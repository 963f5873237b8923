import type { RedisArgument, SendOptions } from '../connection/call.ts';
import { Connection } from '../connection/connection.ts';
import type { Placement } from '../connection/link.ts';
import type { RedisManagerError } from '../errors.ts';
import { HealthBoard } from '../health.ts';
import { Monitor } from '../monitor.ts';
import type { ResolvedOptions } from '../options.ts';
import { Probe, type ProbeOptions, type ProbePlace, probeName } from '../probe.ts';
import type { Master } from '../servers.ts';
import { type Address, type Endpoint, named } from '../topology/index.ts';
import { Ear } from './ear.ts';
import { slotOf } from './slot.ts';

export interface ClusterMasterOptions {
  readonly options: ResolvedOptions;
  readonly address: Address;
  readonly placement: Placement;
  readonly locate: (signal: AbortSignal) => Promise<Endpoint>;
  /** Whether it serves the slot. */
  readonly owns: (slot: number) => boolean;
  readonly publish: () => ProbePlace['publish'];
  readonly subscribe: ProbeOptions['subscribe'];
  /** Once on each new connection, before it counts as ready. */
  readonly prepare: (master: ClusterMaster) => Promise<void>;
  /** The connection came or went. */
  readonly onChange: (error?: RedisManagerError) => void;
  /** It seems that slots have moved. */
  readonly onDoubt: () => void;
}

/**
 * What is in flight when a master loses its slots may be answered within this, if its own deadline allows: while a failover by
 * order lasts, which is 10 s at most, a master holds up the writes that it has.
 */
const GRACE_MS = 10_000;

/** One master of a Cluster: its connections, and a probe and a health of its own. */
export class ClusterMaster implements Master {
  readonly address: Address;
  readonly connection: Connection;
  readonly ear: Ear;
  readonly board: HealthBoard = new HealthBoard();
  /** How many slots it serves. */
  slots = 0;
  /** Not to be given up before this although it serves none: slots are on their way to it. By the monotonic clock. */
  keepUntil = 0;
  retired = false;
  readonly #parts: ClusterMasterOptions;
  readonly #probe: Probe;
  readonly #monitor: Monitor;
  readonly #name: string;
  #tag = 0;

  constructor(parts: ClusterMasterOptions) {
    this.#parts = parts;
    this.address = parts.address;
    const { options, locate, placement } = parts;
    this.#name = probeName(options.app);
    const { connectTimeoutMs, maxQueuedCalls, maxQueuedBytes } = options;
    const limits = { connectTimeoutMs, maxQueuedCalls, maxQueuedBytes, locate };
    this.connection = new Connection({
      ...limits,
      role: 'command',
      name: `${options.app}:command:manager`,
      placement,
      onUp: () => this.#changed(),
      onDown: (error) => {
        this.#monitor.failed(error);
        this.#changed(error);
      },
    });
    this.ear = new Ear(
      {
        ...limits,
        name: `${options.app}:subscriber:manager`,
        onUp: () => this.#changed(),
        onDown: () => this.#changed(),
      },
      parts.onDoubt,
    );
    this.#probe = new Probe({
      command: this.connection,
      place: () => this.#place(),
      misplaced: () => {
        this.#tag++;
        parts.onDoubt();
      },
      subscribe: parts.subscribe,
    });
    this.#monitor = new Monitor({
      board: this.board,
      probe: this.#probe,
      command: this.connection,
      dropSubscriber: (reason) => this.ear.connection.drop(reason),
      intervalMs: options.probeIntervalMs,
      prepare: () => parts.prepare(this),
    });
  }

  get node(): string {
    return named(this.address);
  }

  get connected(): boolean {
    return this.connection.client !== undefined;
  }

  call(args: readonly RedisArgument[], options: SendOptions): Promise<unknown> {
    return this.connection.call(args, options);
  }

  start(): void {
    this.connection.start();
    this.#monitor.start();
  }

  async rest(): Promise<void> {
    await this.#monitor.stop();
  }

  /** It is no master any more: calls go on elsewhere. */
  async retire(): Promise<void> {
    this.retired = true;
    void this.#probe.stop();
    await Promise.all([this.rest(), this.connection.retire(GRACE_MS)]);
    await this.ear.close();
  }

  async close(): Promise<void> {
    await this.rest();
    await Promise.all([this.ear.close(), this.connection.close()]);
  }

  #changed(error?: RedisManagerError): void {
    this.#parts.onChange(error);
    this.#monitor.wake();
  }

  /** A key in one of its own slots, the same as long as it serves that slot. */
  #place(): ProbePlace | undefined {
    if (this.slots === 0) return undefined;
    const at = (tag: number): string => `${this.#name}:{${tag}}`;
    while (!this.#parts.owns(slotOf(at(this.#tag)))) this.#tag++;
    return { name: at(this.#tag), publish: this.#parts.publish() };
  }
}
