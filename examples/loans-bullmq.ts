/**
 * BullMQ on a client that the manager lends: jobs are done although Redis is killed, and closing BullMQ leaves the manager alone.
 *
 *   npm install bullmq ioredis
 *   node --conditions=@taproot/source examples/loans-bullmq.ts
 *
 * Uses an embedded Redis in a temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedisManager } from '@taproot/redis';
import { Queue, Worker } from 'bullmq';

const dataDir = mkdtempSync(join(tmpdir(), 'example-loans-'));
const manager = createRedisManager({ app: 'example', dataDir, env: {} });
await manager.ready({ timeoutMs: 10_000 });

const connection = await manager.lend('ioredis', { owner: 'bullmq', purpose: 'BullMQ queue of mails' });
const queue = new Queue<{ to: string }>('mails', { connection });
const worker = new Worker<{ to: string }>('mails', async ({ data }) => `sent to ${data.to}`, { connection });
// BullMQ tells of each outage; it goes on by itself.
queue.on('error', (error) => console.log('the queue tells:', error.message));
worker.on('error', (error) => console.log('the worker tells:', error.message));
const results: string[] = [];
worker.on('completed', (_job, result) => results.push(result));

await queue.add('mail', { to: 'ann' });
await until(() => results.length === 1);
console.log('lent:', manager.loans[0]);
console.log('connections:', (await names()).join(', '));

// The embedded server is killed; the manager starts it again, on the same data.
const [, pid] = /process_id:(\d+)/.exec(String(await manager.call(['INFO', 'server']))) ?? [];
process.kill(Number(pid), 'SIGKILL');
await queue.add('mail', { to: 'ben' });
await until(() => results.length === 2);
console.log(results);

await worker.close();
await queue.close();
await connection.quit();
await manager.ready({ timeoutMs: 10_000 });
console.log('BullMQ has left:', (await names()).join(', '));
await manager.close();
rmSync(dataDir, { recursive: true, force: true });

async function names(): Promise<string[]> {
  const list = String(await manager.call(['CLIENT', 'LIST']));
  return [...list.matchAll(/ name=(\S+)/g)].map(([, name]) => String(name)).sort();
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
