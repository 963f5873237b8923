import { createChatServer } from '@taproot/chat/server';
import { createRedisManager } from '@taproot/redis';

/** A worker in a process of its own, to be killed: `node trimming-worker.ts URL`. It keeps no entry longer than it must. */
const manager = createRedisManager({ url: process.argv[2] ?? '' });
await manager.ready({ timeoutMs: 20_000 });
createChatServer({
  manager,
  agent: {
    name: 'talker',
    async *run({ message, step }) {
      for (let n = 0; n < 5; n++) yield { type: 'text-delta', id: 't', delta: `${n} of ${message.text}. ` };
      await step('look', {}, async () => message.text);
      yield { type: 'text-delta', id: 'u', delta: 'That is all.' };
    },
  },
  secret: new Uint8Array(32),
  role: 'worker',
  leaseMs: 300,
  maxTakeovers: 1000,
  retention: { keepEntries: 2 },
  onError: () => undefined,
});
process.stdout.write('ready\n');
