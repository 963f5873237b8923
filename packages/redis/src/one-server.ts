import { type ScanOptions, scanKeys } from './commands/index.ts';
import { pause } from './connection/backoff.ts';
import type { SendOptions } from './connection/call.ts';
import { Connection } from './connection/connection.ts';
import type { ConnectionLoad } from './connection/load.ts';
import type { HealthBoard } from './health.ts';
import { Monitor } from './monitor.ts';
import type { ResolvedOptions } from './options.ts';
import { Probe, probeName } from './probe.ts';
import type { Master, Preparation, Servers } from './servers.ts';
import { type ChannelListener, Subscriptions } from './subscriptions.ts';
import type { Credentials, Endpoint } from './topology/index.ts';
import { type InvalidationListener, Tracking } from './tracking.ts';

export interface OneServerOptions {
  readonly options: ResolvedOptions;
  readonly board: HealthBoard;
  /** Where to connect now. */
  readonly locate: (signal: AbortSignal) => Promise<Endpoint>;
  readonly preparation: Preparation;
}

/** A deployment of one server, standalone or found by Sentinels: one command and one subscriber connection. */
export class OneServer implements Servers {
  readonly publish = 'publish';
  readonly sender: Connection;
  readonly #parts: OneServerOptions;
  readonly #subscriptions = new Subscriptions();
  readonly #tracking = new Tracking();
  readonly #subscriber: Connection;
  readonly #probe: Probe;
  readonly #monitor: Monitor;

  constructor(parts: OneServerOptions) {
    this.#parts = parts;
    const { options, board, preparation } = parts;
    this.sender = this.#connection('command');
    this.#subscriber = this.#connection('subscriber');
    const place = { name: probeName(options.app), publish: 'PUBLISH' } as const;
    this.#probe = new Probe({
      command: this.sender,
      place: () => place,
      subscribe: ({ name }, listener) => this.#subscriptions.add(name, listener),
    });
    this.#monitor = new Monitor({
      board,
      probe: this.#probe,
      command: this.sender,
      dropSubscriber: (reason) => this.#subscriber.drop(reason),
      intervalMs: options.probeIntervalMs,
      prepare: async () => {
        await preparation.server((args) => this.sender.call(args, this.#limits()), this.node);
        await preparation.deployment();
      },
      recheck: () => preparation.recheck(),
    });
  }

  get node(): string {
    return this.sender.node;
  }

  get connected(): boolean {
    return this.sender.client !== undefined;
  }

  get masters(): readonly Master[] {
    return [this.sender];
  }

  get loads(): readonly ConnectionLoad[] {
    return [this.sender.load, this.#subscriber.load];
  }

  scan(options: ScanOptions, limits: () => SendOptions): AsyncGenerator<string[]> {
    return scanKeys((args) => this.sender.call(args, limits()), options);
  }

  subscribe(channel: string, listener: ChannelListener): () => Promise<void> {
    return this.#subscriptions.add(channel, listener);
  }

  track(prefix: string, listener: InvalidationListener): () => void {
    return this.#tracking.add(prefix, listener);
  }

  /** Resolves when the server has confirmed that this process hears the channel no more, or after `deadlineMs`. */
  async leave(channel: string): Promise<void> {
    const late = new AbortController();
    const left = this.#subscriber.client?.unsubscribe(channel).catch(() => undefined);
    // A frozen server never confirms.
    await Promise.race([left, pause(this.#parts.options.deadlineMs, late.signal)]);
    late.abort();
  }

  async authenticate(credentials: Credentials): Promise<void> {
    await Promise.all([this.sender.authenticate(credentials), this.#subscriber.authenticate(credentials)]);
  }

  start(): void {
    this.#probe.start();
    this.sender.start();
    this.#subscriber.start();
    this.#monitor.start();
  }

  rest(): Promise<void> {
    return this.#monitor.stop();
  }

  async close(): Promise<void> {
    await this.#subscriber.close();
    this.#subscriptions.detach();
    this.#tracking.detach();
    await this.sender.close();
  }

  #limits(): SendOptions {
    return { deadlineAt: performance.now() + this.#parts.options.deadlineMs, once: true };
  }

  #connection(role: 'command' | 'subscriber'): Connection {
    const { options, locate } = this.#parts;
    const { app, connectTimeoutMs, maxQueuedCalls, maxQueuedBytes } = options;
    return new Connection({
      role,
      name: `${app}:${role}:manager`,
      connectTimeoutMs,
      maxQueuedCalls,
      maxQueuedBytes,
      locate,
      ...(role === 'subscriber' && { pushes: this.#tracking.pushes }),
      onUp: (client) => {
        if (role === 'subscriber') {
          this.#subscriptions.attach(client);
          this.#tracking.attach(client);
        }
        this.#monitor.wake();
      },
      onDown: (error) => {
        if (role === 'subscriber') {
          this.#subscriptions.detach();
          this.#tracking.detach();
        } else this.#monitor.failed(error);
        this.#monitor.wake();
      },
    });
  }
}
