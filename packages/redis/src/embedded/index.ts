export type { LastExit } from './ends.ts';
export { EmbeddedServer, type EmbeddedServerOptions } from './server.ts';
