export { EmbeddedServer, type EmbeddedServerOptions } from './server.ts';
