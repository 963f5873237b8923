export { type OpenRun, RunFeed, type RunFeedHooks } from './run-feed.ts';
export { createChatTransport } from './transport.ts';
