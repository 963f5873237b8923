import { KeyTemplate } from '../keyspaces/index.ts';
import type { RedisManager } from '../manager.ts';
import { numberOption } from '../number-option.ts';
import { Channel } from './channel.ts';
import { jsonMessages, type MessageCodec } from './codec.ts';

/** Options of {@link PubSub}. */
export interface PubSubOptions {
  /** What the names of its channels begin with in Redis. @default 'pubsub' */
  readonly prefix?: string;
  /** Bytes that a message may have. @default 1 MiB */
  readonly maxMessageBytes?: number;
}

export const DEFAULT_PUBSUB = { prefix: 'pubsub', maxMessageBytes: 1_048_576 } as const;

/** Typed channels on the manager's one subscriber connection. */
export class PubSub {
  readonly #manager: RedisManager;
  readonly #template: KeyTemplate;
  readonly #maxMessageBytes: number;

  /** Throws `invalid-options`. */
  constructor(manager: RedisManager, options: PubSubOptions = {}) {
    const { prefix, maxMessageBytes } = { ...DEFAULT_PUBSUB, ...options };
    this.#manager = manager;
    this.#template = new KeyTemplate(`${prefix}:<channel>`);
    this.#maxMessageBytes = numberOption('maxMessageBytes', maxMessageBytes, 1);
  }

  /** The channel of that name, any text. Its messages are JSON unless a codec is given. Throws `invalid-options`. */
  channel<T>(name: string, codec: MessageCodec<T> = jsonMessages<T>()): Channel<T> {
    const channel = this.#template.key({ channel: name });
    return new Channel(this.#manager, { channel, codec, maxMessageBytes: this.#maxMessageBytes });
  }
}
