import { RedisClient as DriverClient, type RedisClientOptions, type RedisClientType } from 'redis';

/** What the manager uses of node-redis' client, whose own type carries every module. */
export type RedisClient = RedisClientType;

/**
 * node-redis' client without its command methods, of which a connection needs none. `createClient` makes a class with all of
 * them for each set of options anew: measured, 57 ms and 22 MB, at each attempt to connect.
 */
export function driverClient(options: RedisClientOptions): RedisClient {
  const client = new DriverClient({
    ...options,
    RESP: 3,
    // The driver's own timeout, an AbortSignal for each command, would take half of the time; calls have their deadlines.
    commandOptions: { timeout: 0 },
  } as RedisClientOptions) as unknown as RedisClient;
  // After the driver has sent what it sends first: else what becomes of that would be nobody's.
  client.on('connect', () => setImmediate(() => ended.has(client) && client.destroy()));
  return client;
}

const ended = new WeakSet<RedisClient>();

/** Ends it for good. A client that is destroyed while it connects goes on with it, and its connection would stay. */
export function endDriverClient(client: RedisClient): void {
  ended.add(client);
  client.destroy();
}
