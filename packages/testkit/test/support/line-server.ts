import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../../src/index.ts';

/** A server that keeps what it hears, says it back, and can hang up. */
export interface LineServer {
  readonly port: number;
  readonly sockets: readonly Socket[];
  heard(): string;
}

export async function echoServer(): Promise<LineServer> {
  const { listen, ...server } = echo();
  await listen({ port: 0, host: '127.0.0.1' });
  return { ...server, port: server.port() };
}

export async function echoOnUnixSocket(): Promise<string> {
  const path = join(temporaryFolder(), 'echo.sock');
  await echo().listen({ path });
  return path;
}

function echo() {
  const sockets: Socket[] = [];
  let heard = '';
  const server = createServer((socket) => {
    sockets.push(socket);
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        heard += bytes;
        socket.write(bytes);
      });
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const port = (): number => {
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  };
  const listen = (where: { path: string } | { port: number; host: string }): Promise<void> =>
    new Promise((resolve) => server.listen(where, resolve));
  return { sockets, port, listen, heard: () => heard };
}
