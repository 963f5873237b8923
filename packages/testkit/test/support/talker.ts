import { connect } from 'node:net';
import { onTestFinished } from 'vitest';

/** A TCP connection, and what became of it. */
export interface Talker {
  say(text: string): void;
  end(): void;
  heard(): string;
  /** `open`, `ended` (the other side said goodbye), `cut` (by RST), `refused`. */
  state(): string;
}

export function talkTo(port: number): Talker {
  let heard = '';
  let state = 'open';
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('data', (bytes) => {
    heard += bytes;
  });
  socket.on('end', () => {
    state = 'ended';
  });
  socket.on('error', ({ code }: NodeJS.ErrnoException) => {
    state = code === 'ECONNREFUSED' ? 'refused' : 'cut';
  });
  onTestFinished(() => void socket.destroy());
  return {
    say: (text) => void socket.write(text),
    end: () => void socket.end(),
    heard: () => heard,
    state: () => state,
  };
}
