import type { Socket } from 'node:net';
import { cut, FaultLane } from './fault-lane.ts';

/** One connection through a fault proxy: the client's socket, the target's, and a lane each way. */
export class FaultPair {
  readonly #sockets: readonly [Socket, Socket];
  readonly #lanes: readonly [FaultLane, FaultLane];

  constructor(client: Socket, upstream: Socket, onClosed: () => void) {
    this.#sockets = [client, upstream];
    this.#lanes = [new FaultLane(client, upstream), new FaultLane(upstream, client)];
    for (const socket of this.#sockets) {
      socket.on('close', () => this.#sockets.every(({ closed }) => closed) && onClosed());
    }
  }

  delay(ms: number): void {
    for (const lane of this.#lanes) lane.latencyMs = ms;
  }

  hold(): void {
    for (const lane of this.#lanes) lane.hold();
  }

  lose(): void {
    for (const lane of this.#lanes) lane.lose();
  }

  release(): void {
    for (const lane of this.#lanes) lane.release();
  }

  reset(): void {
    for (const lane of this.#lanes) lane.lose();
    for (const socket of this.#sockets) cut(socket);
  }
}
