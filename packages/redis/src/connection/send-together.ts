import type { Call } from './call.ts';
import type { RedisClient } from './driver.ts';

/** In one tick, so that they are neighbours in the driver's queue. Nothing of it can be taken back. Replies come as for one call. */
export async function sendTogether(
  { args, batch, route }: Call,
  client: RedisClient,
  options: Parameters<RedisClient['sendCommand']>[1],
): Promise<unknown> {
  const commands = batch ?? [args];
  // Good for the command that follows, or for all of a transaction.
  const asking = route?.ask === undefined ? [] : [['ASKING']];
  const replies = await Promise.all(
    [...asking, ...commands].map((command) => client.sendCommand(command, options)),
  );
  const own = replies.slice(asking.length);
  return batch === undefined ? own[0] : own;
}
