export { createChatTransport } from './transport.ts';
