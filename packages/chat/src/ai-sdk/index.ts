export { type Cut, type OpenRun, RunFeed, type RunFeedHooks } from './run-feed.ts';
export { createChatTransport, type TransportOptions } from './transport.ts';
