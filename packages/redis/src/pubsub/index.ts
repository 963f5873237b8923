export {
  Channel,
  type ChannelItem,
  DEFAULT_MESSAGES,
  type MessagesOptions,
  type Subscriber,
} from './channel.ts';
export { jsonMessages, type MessageCodec } from './codec.ts';
export type { GapReason } from './inbox.ts';
export { DEFAULT_PUBSUB, PubSub, type PubSubOptions } from './pubsub.ts';
