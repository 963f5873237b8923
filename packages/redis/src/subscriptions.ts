import type { RedisClient } from './connection/connection.ts';

/** What a subscriber wants to hear. */
export interface ChannelListener {
  message(text: string): void;
  /** The server confirmed the subscription: the first time, and after each reconnect. What was published before is not coming. */
  active?(): void;
}

/** All channels of the one subscriber connection; many listeners share one channel. */
export class Subscriptions {
  readonly #channels = new Map<string, Set<ChannelListener>>();
  readonly #active = new Set<string>();
  #client: RedisClient | undefined;

  /** Listens until the returned function is called. Works while the connection is away: `active` tells when it counts. */
  add(channel: string, listener: ChannelListener): () => Promise<void> {
    let listeners = this.#channels.get(channel);
    if (listeners === undefined) {
      listeners = new Set();
      this.#channels.set(channel, listeners);
      if (this.#client !== undefined) this.#subscribe(this.#client, [channel]);
    } else if (this.#active.has(channel)) {
      queueMicrotask(() => listeners?.has(listener) && listener.active?.());
    }
    listeners.add(listener);
    return () => this.#remove(channel, listener);
  }

  /** A new connection took the place of the last: everything is subscribed again. */
  attach(client: RedisClient): void {
    this.#client = client;
    this.#active.clear();
    if (this.#channels.size > 0) this.#subscribe(client, [...this.#channels.keys()]);
  }

  detach(): void {
    this.#client = undefined;
    this.#active.clear();
  }

  #subscribe(client: RedisClient, channels: string[]): void {
    client.subscribe(channels, this.#dispatch).then(
      () => {
        if (this.#client !== client) return;
        for (const channel of channels) {
          const listeners = this.#channels.get(channel);
          if (listeners === undefined) continue;
          this.#active.add(channel);
          for (const listener of [...listeners]) listener.active?.();
        }
      },
      // The connection ended meanwhile; attach() subscribes again on the next one.
      () => undefined,
    );
  }

  readonly #dispatch = (text: string, channel: string): void => {
    const listeners = this.#channels.get(channel);
    if (listeners !== undefined) for (const listener of [...listeners]) listener.message(text);
  };

  async #remove(channel: string, listener: ChannelListener): Promise<void> {
    const listeners = this.#channels.get(channel);
    if (listeners === undefined || !listeners.delete(listener) || listeners.size > 0) return;
    this.#channels.delete(channel);
    this.#active.delete(channel);
    // A connection that ended has forgotten the channel by itself.
    await this.#client?.unsubscribe(channel, this.#dispatch).catch(() => undefined);
  }
}
