import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestStudio } from '@taproot/testkit';
import { onTestFinished } from 'vitest';

/** A connection that sends what it is told to, HTTP or not. */
export interface RawConnection {
  readonly socket: Socket;
  /** All that came back. */
  answer(): string;
  readonly closed: Promise<unknown>;
}

export async function rawConnection({ port }: Pick<TestStudio, 'port'>): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let answer = '';
  socket.on('data', (bytes) => {
    answer += bytes;
  });
  // It may be cut while something is being sent.
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  return { socket, answer: () => answer, closed };
}

/** The head of a request; further lines without their line ends. */
export function head(line: string, { port }: Pick<TestStudio, 'port'>, ...headers: string[]): string {
  return `${[`${line} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...headers].join('\r\n')}\r\n\r\n`;
}
