import type { Command } from 'ioredis';
import { CLOSE_TIMEOUT_MS } from './context.ts';
import { redact } from './redact.ts';

/** What each command of a lent ioredis client goes through. */
export function guarded(command: Command, name: string, send: () => unknown): unknown {
  // Handled here, a failure that the library does not look at does not end the process.
  command.promise.catch(redact);
  if (!isForeignName(command, name)) return send();
  // The library's wish to name the connection is granted in word only.
  command.resolve(Buffer.from('OK'));
  return command.promise;
}

/** Waits for what is in flight, but not without end for a Redis that is away. */
export async function quitInTime(quit: () => Promise<unknown>, disconnect: () => void): Promise<'OK'> {
  const late = setTimeout(disconnect, CLOSE_TIMEOUT_MS);
  await quit().catch(() => undefined);
  clearTimeout(late);
  return 'OK';
}

function isForeignName({ name, args }: Command, own: string): boolean {
  return /^client$/i.test(name) && /^setname$/i.test(String(args[0])) && String(args[1]) !== own;
}
