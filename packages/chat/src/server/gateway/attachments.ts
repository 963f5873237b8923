import type { RedisManager } from '@taproot/redis';
import type { ClientFrame } from '../../protocol/index.ts';
import type { User } from '../agent.ts';
import { ChatError } from '../errors.ts';
import type { ThreadStore } from '../threads/store.ts';
import { Attachment } from './attachment.ts';
import type { DeliveryMeter } from './delivery-meter.ts';

export interface AttachmentsOptions {
  readonly manager: RedisManager;
  readonly threads: ThreadStore;
  readonly user: User;
  readonly max: number;
  /** Sends one frame; resolves when the socket can take more. */
  readonly send: (frame: string) => Promise<void>;
  readonly deliveries: DeliveryMeter;
  readonly failed: (error: unknown) => void;
}

/** The threads that one socket follows. */
export class Attachments {
  readonly #options: AttachmentsOptions;
  readonly #attached = new Map<string, Attachment>();
  #released = false;

  constructor(options: AttachmentsOptions) {
    this.#options = options;
  }

  /** Takes the place of an earlier attachment of the thread. Rejects `not-found`, `too-many-attached`. */
  async attach({ thread, after }: Extract<ClientFrame, { type: 'attach' }>): Promise<void> {
    const { manager, threads, user, max, send, deliveries, failed } = this.#options;
    const keys = await threads.authorize(user, thread, 'read');
    await this.detach(thread);
    // The socket may have gone while Redis was asked; what is attached then nobody would detach.
    if (this.#released) return;
    if (this.#attached.size >= max)
      throw new ChatError('too-many-attached', `A socket may attach ${max} threads`);
    const attachment = new Attachment({ manager, thread, keys, after, send, deliveries });
    this.#attached.set(thread, attachment);
    // A log that is gone ends its attachment.
    const forget = (): boolean => this.#attached.get(thread) === attachment && this.#attached.delete(thread);
    attachment.done.then(forget, failed);
  }

  async detach(thread: string): Promise<void> {
    const attachment = this.#attached.get(thread);
    this.#attached.delete(thread);
    await attachment?.detach();
  }

  /** Detaches all, for good. */
  async release(): Promise<void> {
    this.#released = true;
    const attached = [...this.#attached.values()];
    this.#attached.clear();
    await Promise.allSettled(attached.map((attachment) => attachment.detach()));
  }
}
