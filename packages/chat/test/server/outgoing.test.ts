import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { PAUSE_OUTGOING_BYTES } from '../../src/server/gateway/limits.ts';
import { Outgoing } from '../../src/server/gateway/outgoing.ts';

/** A socket whose network takes a frame when it is told to. */
class StubbornSocket {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  readonly sent: string[] = [];
  readonly #waiting: { readonly bytes: number; readonly flushed: () => void }[] = [];

  send(text: string, flushed: () => void): void {
    this.sent.push(text);
    this.bufferedAmount += text.length;
    this.#waiting.push({ bytes: text.length, flushed });
  }

  flush(frames: number): void {
    for (const { bytes, flushed } of this.#waiting.splice(0, frames)) {
      this.bufferedAmount -= bytes;
      flushed();
    }
  }
}

function start(maxBytes = 1_000_000) {
  const socket = new StubbornSocket();
  let tooMuch = 0;
  const outgoing = new Outgoing({
    socket: socket as unknown as WebSocket,
    maxBytes,
    tooMuch: () => tooMuch++,
  });
  return { socket, outgoing, tooMuch: () => tooMuch };
}

test('a backlog of which always something goes out has no age, one of which nothing does grows old', () => {
  const { socket, outgoing } = start();
  for (let n = 0; n < 10; n++) outgoing.send('x');
  for (let n = 0; n < 50; n++) {
    expect(outgoing.age()).toBeLessThanOrEqual(10);
    outgoing.send('x');
    socket.flush(1);
  }
  const before = outgoing.age();
  expect([outgoing.age(), outgoing.age(), outgoing.age()]).toEqual([before + 1, before + 2, before + 3]);
  socket.flush(100);
  expect([outgoing.age(), outgoing.age()]).toEqual([0, 0]);
});

test('what was sent after a look does not make the backlog younger', () => {
  const { socket, outgoing } = start();
  outgoing.send('old');
  const ages = [1, 2, 3].map(() => {
    outgoing.send('young');
    return outgoing.age();
  });
  expect(ages).toEqual([1, 2, 3]);
  // What was there at the first look is out, so that the oldest is from after it.
  socket.flush(2);
  expect(outgoing.age()).toBe(1);
});

test('beyond its bound an answer is not sent, and that is told', () => {
  const { socket, outgoing, tooMuch } = start(10);
  for (const text of ['x'.repeat(11), 'y']) outgoing.send(text);
  expect([socket.sent.length, tooMuch()]).toEqual([1, 1]);
});

test('events beyond the pause go one after the other, in their order, and each waits until the one before is out', async () => {
  const { socket, outgoing } = start();
  const large = (name: string): string => name.padEnd(PAUSE_OUTGOING_BYTES, ' ');
  await outgoing.event(large('0'));
  const done: number[] = [];
  const later = [1, 2, 3].map(async (n) => {
    await outgoing.event(large(String(n)));
    done.push(n);
  });
  for (let n = 1; n <= 3; n++) {
    await new Promise((resolve) => setImmediate(resolve));
    expect([socket.sent.length, done]).toEqual([n + 1, Array.from({ length: n - 1 }, (_, i) => i + 1)]);
    socket.flush(n === 1 ? 2 : 1);
  }
  await Promise.all(later);
  expect(socket.sent.map((text) => text[0])).toEqual(['0', '1', '2', '3']);
});

test('a closed socket takes nothing, and nobody waits for it', async () => {
  const { socket, outgoing } = start();
  socket.readyState = 2;
  outgoing.send('x');
  await outgoing.event('y');
  expect(socket.sent).toEqual([]);
});
