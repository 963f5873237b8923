import type { ScanOptions } from './commands/index.ts';
import type { RedisArgument, SendOptions } from './connection/call.ts';
import type { ConnectionLoad } from './connection/load.ts';
import type { Deployment } from './deployment.ts';
import type { ChannelKind, ChannelListener } from './subscriptions.ts';
import type { Credentials } from './topology/index.ts';
import type { InvalidationListener } from './tracking.ts';

/** Sends commands: one connection, or the router of a Cluster. */
export interface Sender {
  call(args: readonly RedisArgument[], options: SendOptions): Promise<unknown>;
  /** Commands in one go, nothing between them. Resolves with all replies. */
  batch(commands: readonly (readonly RedisArgument[])[], options: SendOptions): Promise<unknown>;
}

/** One server that holds data of its own. */
export interface Master {
  /** Without credentials. */
  readonly node: string;
  /** Sends to this server and nowhere else. */
  call(args: readonly RedisArgument[], options: SendOptions): Promise<unknown>;
}

/** All servers of a deployment, as the manager uses them: one of them, or the masters of a Cluster. */
export interface Servers {
  readonly sender: Sender;
  /** Names them, without credentials. */
  readonly node: string;
  readonly masters: readonly Master[];
  readonly loads: readonly ConnectionLoad[];
  /** How entries of the log are published here. */
  readonly publish: Deployment['publish'];
  scan(options: ScanOptions, limits: () => SendOptions): AsyncGenerator<string[]>;
  /** Kinds differ only where messages are published by SPUBLISH. */
  subscribe(channel: string, listener: ChannelListener, kind: ChannelKind): () => Promise<void>;
  /** Tells of each change of a key that begins with the prefix. */
  track(prefix: string, listener: InvalidationListener): () => void;
  /** Authenticates the live connections. */
  authenticate(credentials: Credentials): Promise<void>;
  start(): void;
  /** Ends the probes. */
  rest(): Promise<void>;
  close(): Promise<void>;
}

/** What the manager does at its servers before they count as ready. */
export interface Preparation {
  /** At each server, each time that it was connected. */
  server(send: (args: readonly RedisArgument[]) => Promise<unknown>, node: string): Promise<void>;
  /** Once all of them are there. */
  deployment(): Promise<void>;
  /** At every probe from then on. */
  recheck(): Promise<void>;
}
