import type { ChannelKind, ChannelListener } from '../subscriptions.ts';
import type { Ear } from './ear.ts';

interface Subscribed {
  readonly channel: string;
  readonly listener: ChannelListener;
  readonly kind: ChannelKind;
  /** Where it is heard now. */
  ear: Ear | undefined;
  off: (() => Promise<void>) | undefined;
}

/** Where and how a channel is heard now; undefined while nobody knows. */
export type EarOf = (
  channel: string,
  kind: ChannelKind,
) => { readonly ear: Ear; readonly kind: ChannelKind } | undefined;

/** All that is listened to on a Cluster, each where it is published. What moves is told `active` anew, because there may be a gap. */
export class Channels {
  readonly #earOf: EarOf;
  readonly #subscribed = new Set<Subscribed>();

  constructor(earOf: EarOf) {
    this.#earOf = earOf;
  }

  add(channel: string, listener: ChannelListener, kind: ChannelKind): () => Promise<void> {
    const subscribed: Subscribed = { channel, listener, kind, ear: undefined, off: undefined };
    this.#subscribed.add(subscribed);
    this.#place(subscribed);
    return async () => {
      this.#subscribed.delete(subscribed);
      await subscribed.off?.();
    };
  }

  /** Slots or connections have changed. */
  rehome(): void {
    for (const subscribed of this.#subscribed) this.#place(subscribed);
  }

  #place(subscribed: Subscribed): void {
    const { channel, listener, kind } = subscribed;
    const home = this.#earOf(channel, kind);
    if (home?.ear === subscribed.ear) return;
    void subscribed.off?.();
    subscribed.ear = home?.ear;
    subscribed.off = home?.ear.add(channel, listener, home.kind);
  }
}
