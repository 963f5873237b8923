import { Connection, type ConnectionOptions } from '../connection/connection.ts';
import { type ChannelKind, Subscriptions } from '../subscriptions.ts';
import { type InvalidationListener, Tracking } from '../tracking.ts';

/** The subscriber connection to one master, opened when it is first wanted. */
export class Ear {
  readonly connection: Connection;
  readonly #channels: Readonly<Record<ChannelKind, Subscriptions>>;
  readonly #tracking = new Tracking();
  #open = false;

  constructor(options: Omit<ConnectionOptions, 'role'>, onRefused: () => void) {
    this.#channels = { plain: new Subscriptions('plain'), sharded: new Subscriptions('sharded', onRefused) };
    const all = Object.values(this.#channels);
    this.connection = new Connection({
      ...options,
      role: 'subscriber',
      pushes: this.#tracking.pushes,
      onUp: (client) => {
        for (const channels of all) channels.attach(client);
        this.#tracking.attach(client);
        options.onUp(client);
      },
      onDown: (error) => {
        for (const channels of all) channels.detach();
        this.#tracking.detach();
        options.onDown(error);
      },
    });
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Listens from now on; the connection is opened if it is not. */
  add(...[channel, listener, kind]: [...Parameters<Subscriptions['add']>, ChannelKind]): () => Promise<void> {
    this.open();
    return this.#channels[kind].add(channel, listener);
  }

  /** Tells of changed keys; the connection is opened if it is not. */
  track(prefix: string, listener: InvalidationListener): () => void {
    this.open();
    return this.#tracking.add(prefix, listener);
  }

  open(): void {
    this.#open = true;
    this.connection.start();
  }

  async close(): Promise<void> {
    await this.connection.close();
    for (const channels of Object.values(this.#channels)) channels.detach();
    this.#tracking.detach();
  }
}
