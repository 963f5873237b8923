import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Redis of the bench's own, on a Unix socket, that keeps nothing. */
export async function startServer(): Promise<{ path: string; stop: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'taproot-bench-'));
  const path = join(dir, 'redis.sock');
  const args = ['--port', '0', '--unixsocket', path, '--dir', dir, '--save', ''];
  const server = spawn(process.env.REDIS_SERVER_BIN || 'redis-server', args, {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve) => {
    server.stdout.on('data', (data: Buffer) => /ready to accept/i.test(String(data)) && resolve());
  });
  return {
    path,
    stop: async () => {
      server.kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
