import type { RedisClient } from './connection/driver.ts';
import { RedisManagerError } from './errors.ts';
import { surface } from './surface.ts';

/** What a subscriber wants to hear. */
export interface ChannelListener {
  message(text: string): void;
  /** The server confirmed the subscription: the first time, and after each reconnect. What was published before is not coming. */
  active?(): void;
}

/** `sharded` channels of a Cluster are heard from the master of their slot only (SSUBSCRIBE). */
export type ChannelKind = 'plain' | 'sharded';

/** A node that refuses a channel of its own slot is in the middle of a change; it is asked again after this. */
const ASK_AGAIN_MS = 100;

/** All channels of one kind of a subscriber connection; many listeners share one channel. */
export class Subscriptions {
  readonly #kind: ChannelKind;
  /** The server ended a subscription, or refused it: the slot is elsewhere by now. */
  readonly #onRefused: () => void;
  readonly #channels = new Map<string, Set<ChannelListener>>();
  readonly #active = new Set<string>();
  #client: RedisClient | undefined;

  constructor(kind: ChannelKind = 'plain', onRefused: () => void = () => undefined) {
    this.#kind = kind;
    this.#onRefused = onRefused;
  }

  /**
   * Listens until the returned function is called. Works while the connection is away: `active` tells when it counts. Throws
   * `invalid-options` for a channel that is no text.
   */
  add(channel: string, listener: ChannelListener): () => Promise<void> {
    requireChannel(channel);
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
    if (this.#kind === 'sharded') {
      // The driver tells of subscriptions that the server ended, and forgets them.
      client.on('sharded-channel-moved' as 'error', (channel: string) => this.#refused(client, [channel]));
    }
    if (this.#channels.size > 0) this.#subscribe(client, [...this.#channels.keys()]);
  }

  detach(): void {
    this.#client = undefined;
    this.#active.clear();
  }

  #subscribe(client: RedisClient, channels: readonly string[]): void {
    // One command may name sharded channels of one slot only.
    const commands = this.#kind === 'sharded' ? channels.map((channel) => [channel]) : [[...channels]];
    for (const some of commands) {
      const done =
        this.#kind === 'sharded'
          ? client.sSubscribe(some, this.#dispatch)
          : client.subscribe(some, this.#dispatch);
      done.then(
        () => this.#confirmed(client, some),
        () => this.#refused(client, some),
      );
    }
  }

  #confirmed(client: RedisClient, channels: readonly string[]): void {
    if (this.#client !== client) return;
    for (const channel of channels) {
      const listeners = this.#channels.get(channel);
      if (listeners === undefined || this.#active.has(channel)) continue;
      this.#active.add(channel);
      tellAll(listeners, (listener) => listener.active?.());
    }
  }

  /** If the connection ended, attach() subscribes again on the next one. Otherwise this one is asked again, as long as it is wanted. */
  #refused(client: RedisClient, channels: readonly string[]): void {
    if (this.#client !== client || !client.isOpen) return;
    for (const channel of channels) this.#active.delete(channel);
    this.#onRefused();
    const again = (): void => {
      if (this.#client !== client) return;
      const missing = channels.filter((one) => this.#channels.has(one) && !this.#active.has(one));
      if (missing.length > 0) this.#subscribe(client, missing);
    };
    setTimeout(again, ASK_AGAIN_MS).unref();
  }

  readonly #dispatch = (text: string, channel: string): void => {
    const listeners = this.#channels.get(channel);
    if (listeners === undefined) return;
    // A message that came with the confirmation is told by the driver before it.
    if (this.#client !== undefined) this.#confirmed(this.#client, [channel]);
    tellAll(listeners, (listener) => listener.message(text));
  };

  async #remove(channel: string, listener: ChannelListener): Promise<void> {
    const listeners = this.#channels.get(channel);
    if (listeners === undefined || !listeners.delete(listener) || listeners.size > 0) return;
    this.#channels.delete(channel);
    this.#active.delete(channel);
    // A connection that ended has forgotten the channel by itself.
    const left =
      this.#kind === 'sharded'
        ? this.#client?.sUnsubscribe(channel, this.#dispatch)
        : this.#client?.unsubscribe(channel, this.#dispatch);
    // Not awaited: a frozen server never confirms.
    left?.catch(() => undefined);
  }
}

/** They are called by what reads the socket, which must go on whatever they throw. */
function tellAll(listeners: ReadonlySet<ChannelListener>, tell: (listener: ChannelListener) => void): void {
  for (const listener of [...listeners]) {
    try {
      tell(listener);
    } catch (error) {
      surface(error);
    }
  }
}

/** Of callers without types: the driver could not write it, so that the connection would end again and again. */
function requireChannel(channel: unknown): void {
  if (typeof channel === 'string') return;
  throw new RedisManagerError(`A channel is a string, not ${typeof channel}`, {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
  });
}
