import { RedisClient } from 'redis';
import { TestkitError } from './errors.ts';

const DEADLINE_MS = 5000;

/** One command over a connection of its own: strings as they are, nil as '', other replies as JSON. Error replies reject. */
export async function redisCommand(port: number, args: readonly string[]): Promise<string> {
  // Not createClient(), which takes 57 ms to make all command methods, of which none is needed.
  const client = new RedisClient({
    RESP: 2,
    // The oracle leaves as few traces as it can.
    disableClientInfo: true,
    socket: { host: '127.0.0.1', port, reconnectStrategy: false, connectTimeout: DEADLINE_MS },
  });
  client.on('error', () => undefined);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = `no answer to ${args[0]} from port ${port} in ${DEADLINE_MS} ms (frozen?)`;
    timer = setTimeout(() => reject(new TestkitError('no-answer', text)), DEADLINE_MS);
  });
  const answer = client.connect().then(() => client.sendCommand([...args]));
  try {
    return textOf(await Promise.race([answer, late]));
  } finally {
    clearTimeout(timer);
    // The late answer of a command that was given up fails without a listener.
    answer.catch(() => undefined);
    client.destroy();
  }
}

function textOf(reply: unknown): string {
  if (reply === null || reply === undefined) return '';
  return typeof reply === 'object' ? JSON.stringify(reply) : String(reply);
}
