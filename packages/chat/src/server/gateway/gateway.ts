import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Health, type MetricFamily, pause, type RedisManager } from '@taproot/redis';
import { type WebSocket, WebSocketServer } from 'ws';
import { CLOSE, type RedisCondition, type StatusFrame } from '../../protocol/index.ts';
import type { Sessions } from '../auth/sessions.ts';
import { RETRY_AFTER_MS } from '../errors.ts';
import { type Allowed, hostAllowed } from '../http/origin.ts';
import type { Limiter } from '../limits/index.ts';
import type { ThreadStore } from '../threads/store.ts';
import { Admission, type Verdict } from './admission.ts';
import { ClosedSockets } from './closed-sockets.ts';
import { compressionOf } from './compression.ts';
import { DeliveryMeter } from './delivery-meter.ts';
import { refuseUpgrade } from './refuse.ts';
import { SessionWatch } from './session-watch.ts';
import { GatewaySocket } from './socket.ts';
import { SOCKET_PATH, SUBPROTOCOL } from './subprotocol.ts';
import { Upkeep } from './upkeep.ts';

export interface GatewayOptions {
  readonly manager: RedisManager;
  readonly threads: ThreadStore;
  readonly sessions: Sessions;
  readonly allowed: Allowed;
  readonly limiter: Limiter;
  readonly compression: boolean;
  readonly heartbeatMs: number;
  readonly onError: (error: unknown) => void;
}

/** How long frames that came before a drain are worked off, and how long sockets may take to close after it. */
const DRAIN_MS = 1000;
const CLOSE_MS = 2000;
/** A client that does not answer a close must not hold its connection. Of ws 8.19; its types lag behind. */
const CLOSING = { closeTimeout: CLOSE_MS };

/** Accepts sockets once Redis is ready, and tells them of its condition. */
export class Gateway {
  readonly deliveries: DeliveryMeter = new DeliveryMeter();
  readonly #options: GatewayOptions;
  readonly #server: WebSocketServer;
  readonly #sockets = new Set<GatewaySocket>();
  readonly #admission: Admission;
  readonly #watch: SessionWatch;
  readonly #upkeep: Upkeep;
  readonly #closed = new ClosedSockets();
  readonly #offState: () => void;
  #condition: RedisCondition | undefined;
  #closing = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { manager, limiter } = options;
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: limiter.limits.maxFrameBytes,
      perMessageDeflate: compressionOf(options.compression),
      ...CLOSING,
      // Naming none of the offered ones makes a browser report 1006 instead of the 1008 that tells it why.
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : ([...offered][0] ?? false)),
    });
    this.#server.on('wsClientError', (_error, socket) => refuseUpgrade(socket, 400, 'bad-request'));
    this.#admission = new Admission({ ...options, size: () => this.#sockets.size });
    this.#watch = new SessionWatch(options);
    this.#upkeep = new Upkeep({ sockets: this.#sockets, limiter, heartbeatMs: options.heartbeatMs });
    this.#condition = conditionOf(manager.health());
    this.#offState = manager.on('state', (health) => void this.#onHealth(health));
  }

  get size(): number {
    return this.#sockets.size;
  }

  metrics(): MetricFamily[] {
    return [...this.#closed.metrics(), ...this.#upkeep.metrics(), ...this.deliveries.metrics()];
  }

  /** For the server's `upgrade` event. The order of the checks is PROTOCOL.md §5.1. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    this.#admit(request, socket, head).catch((error: unknown) => {
      // Redis went away while the session was looked up: the same answer as before it was ready.
      this.#options.onError(error);
      refuseUpgrade(socket, 503, 'redis-unavailable', RETRY_AFTER_MS);
    });
  }

  async #admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const url = URL.parse(request.url ?? '/', 'http://localhost');
    if (url?.pathname !== SOCKET_PATH) return refuseUpgrade(socket, 404, 'not-found');
    if (request.headers.upgrade?.toLowerCase() !== 'websocket')
      return refuseUpgrade(socket, 400, 'bad-request');
    if (this.#closing || this.#options.manager.state !== 'ready') return refuseNotReady(socket);
    if (!hostAllowed(request.headers.host, this.#options.allowed))
      return refuseUpgrade(socket, 403, 'foreign-host');
    const { heard } = this.#watch;
    const verdict = await this.#admission.judge(request, url, socket);
    if (socket.destroyed) return;
    if (this.#closing) return refuseNotReady(socket);
    // A browser cannot see the status of a refused upgrade, so from here on close codes tell.
    this.#server.handleUpgrade(request, socket, head, (accepted) => {
      // Too large or broken frames end the socket with their own close code; that is the client's matter.
      accepted.on('error', () => undefined);
      if (verdict.admitted) this.#welcome(accepted, verdict, heard);
      else this.#dismiss(accepted, verdict);
    });
  }

  #welcome(socket: WebSocket, { session, address }: Welcomed, heard: number): void {
    const { manager } = this.#options;
    const onClose = (code: number): void => this.#closed.add(code);
    const { deliveries } = this;
    const client = new GatewaySocket({ ...this.#options, socket, session, address, deliveries, onClose });
    this.#sockets.add(client);
    this.#watch.add(client, heard);
    socket.on('close', () => {
      this.#sockets.delete(client);
      this.#watch.remove(client);
    });
    const condition = conditionOf(manager.health());
    if (condition === 'down') client.suspend();
    if (condition !== 'ready') client.send(statusFrame(manager.health(), condition));
  }

  #dismiss(socket: WebSocket, { code, reason }: Dismissed): void {
    this.#closed.add(code);
    socket.close(code, reason);
  }

  async #onHealth(health: Health): Promise<void> {
    const condition = conditionOf(health);
    const before = this.#condition;
    if (condition === before) return;
    this.#condition = condition;
    if (condition === 'down') for (const client of this.#sockets) client.suspend();
    if (before === 'down') await this.#recheckSessions();
    for (const client of this.#sockets) client.send(statusFrame(health, condition));
  }

  /** A session may have been revoked while Redis was away. */
  async #recheckSessions(): Promise<void> {
    await Promise.allSettled([...this.#sockets].map((client) => client.resume()));
  }

  /** Works off what came, then sends every client elsewhere; resolves when their sockets are closed, in 3 s at the latest. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#offState();
    this.#upkeep.close();
    const drained = Promise.allSettled([...this.#sockets].map((client) => client.drain()));
    await Promise.race([drained, pause(DRAIN_MS)]);
    this.#watch.close();
    for (const client of this.#sockets) client.close(CLOSE.draining, 'this gateway is draining');
    const cut = setTimeout(() => {
      for (const socket of this.#server.clients) socket.terminate();
    }, CLOSE_MS);
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    clearTimeout(cut);
  }
}

type Welcomed = Extract<Verdict, { readonly admitted: true }>;
type Dismissed = Extract<Verdict, { readonly admitted: false }>;

/** What clients are told of a manager's state. */
export function conditionOf({ state }: Health): RedisCondition {
  if (state === 'ready' || state === 'degraded') return state;
  return 'down';
}

function refuseNotReady(socket: Duplex): void {
  refuseUpgrade(socket, 503, 'redis-unavailable', RETRY_AFTER_MS);
}

function statusFrame({ since }: Health, redis: RedisCondition): StatusFrame {
  return { type: 'status', redis, since, ...(redis !== 'ready' && { retryAfterMs: RETRY_AFTER_MS }) };
}
