/**
 * Signing in, changing a session's data, and signing out on all devices while a gateway listens.
 *
 *   node --conditions=@taproot/source examples/sessions.ts
 *
 * Uses REDIS_URL if it is set, otherwise an embedded Redis in a temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedisManager, RedisManagerError, Sessions } from '@taproot/redis';

const dataDir = mkdtempSync(join(tmpdir(), 'example-sessions-'));
const manager = createRedisManager({ app: 'example', dataDir });
await manager.ready({ timeoutMs: 10_000 });
const sessions = new Sessions<{ readonly theme: string }>(manager, { prefix: 'example:session' });

// A gateway closes the sockets of a session that is revoked, and looks at all it holds after each reconnect.
const listening = Promise.withResolvers<void>();
const revoked = Promise.withResolvers<string>();
const off = sessions.watch({ revoked: revoked.resolve, recheck: listening.resolve });
await listening.promise;

const phone = await sessions.create('ann', { theme: 'light' });
const laptop = await sessions.create('ann', { theme: 'light' });
console.log('signed in twice; the token is told once and has', phone.token.length, 'characters');
console.log('found by its token:', (await sessions.get(phone.token))?.user);
console.log('found by something else:', await sessions.get('guess'));

// Of two changes from the same version one wins.
const changed = await sessions.update(phone.token, { theme: 'dark' }, phone.session.version);
console.log('changed to version', changed?.version, changed?.data);
try {
  await sessions.update(phone.token, { theme: 'blue' }, phone.session.version);
} catch (error) {
  if (!(error instanceof RedisManagerError)) throw error;
  console.log('changed from the old version:', error.code);
}

const ended = await sessions.destroyAll('ann', { except: phone.session.id });
console.log('other devices signed out:', ended, 'and told:', (await revoked.promise) === laptop.session.id);
console.log('left:', (await sessions.list('ann')).length);

await sessions.destroyAll('ann');
await off();
await manager.close();
rmSync(dataDir, { recursive: true, force: true });
